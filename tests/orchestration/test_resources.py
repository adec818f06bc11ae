"""A run that Dagster starts: the workspace is held, the instant is configured, the end is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

from orchestration.asset_keys import feed_key
from orchestration.build import build_definitions
from orchestration.jobs import RUN_PIPELINE
from workspace.errors import WorkspaceLocked
from workspace.locking import run_lock
from workspace.workspace import Workspace

if TYPE_CHECKING:
    from orchestration_rooms import Rooms

QUIET: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def execute(shop: Workspace, manifest: dict[str, Any], **resource: str) -> dg.ExecuteInProcessResult:
    from data_contracts.loader import load_contract

    job = build_definitions(shop, manifest=manifest).resolve_job_def(RUN_PIPELINE)
    return job.execute_in_process(
        instance=dg.DagsterInstance.ephemeral(),
        run_config=QUIET | {"resources": {"pipeline": {"config": resource}}},
        asset_selection=[feed_key(load_contract("feeds", "stores"))],
        raise_on_error=False,
    )


@pytest.fixture(autouse=True)
def _environment(shop: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNAVISTA_WORKSPACE", str(shop.root))


def test_part_is_recorded_and_lock_let_go_when_one_asset_is_materialised(
    shop: Workspace, manifest: dict[str, Any], rooms: Rooms
) -> None:
    assert execute(shop, manifest, as_of="2026-01-31T05:00:00+00:00").success
    assert rooms.recorded == [("running", None), ("unchanged", "only a part was asked for: land")]
    assert not shop.run_file.exists()
    with run_lock(shop):
        pass


def test_run_fails_when_the_workspace_is_held_for_too_long(
    shop: Workspace, manifest: dict[str, Any], rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise WorkspaceLocked("another run holds this workspace")

    monkeypatch.setattr("orchestration.resources.run_lock", refuse)
    assert not execute(shop, manifest).success
    assert rooms.calls == [] and rooms.recorded == []


def test_nothing_begins_when_the_configuration_is_wrong(
    shop: Workspace, manifest: dict[str, Any], rooms: Rooms
) -> None:
    (shop.root / "feeds" / "a.yml").write_text("feed: a\n", encoding="utf-8")
    assert not execute(shop, manifest).success
    assert rooms.recorded == []


def test_check_fails_and_stops_when_a_feed_is_broken(shop: Workspace, manifest: dict[str, Any], rooms: Rooms) -> None:
    from quality.results import CheckResult

    rooms.checks["stores"] = [
        CheckResult("feed", "feeds/stores", "contract", outcome="fail", message="3 rows without a name")
    ]
    result = execute(shop, manifest)
    assert not result.success
    (evaluation,) = result.get_asset_check_evaluations()
    assert not evaluation.passed and evaluation.description == "3 rows without a name"
    assert "report" in evaluation.metadata and "3 rows without a name" in str(evaluation.metadata["checks"].value)
    assert rooms.recorded[-1][0] == "stopped"
