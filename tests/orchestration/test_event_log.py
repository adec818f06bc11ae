"""The event log with kept connections says the same as Dagster's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from orchestration.instance import dagster_environment, dagster_home
from workspace.workspace import Workspace


@dg.asset(check_specs=[dg.AssetCheckSpec("positive", asset="numbers", blocking=True)])
def numbers() -> dg.MaterializeResult:
    return dg.MaterializeResult(
        metadata={"rows": 3}, check_results=[dg.AssetCheckResult(passed=False, metadata={"failing": 1})]
    )


@dg.asset(deps=[numbers])
def doubled() -> None: ...


def test_history_is_read_back_when_another_instance_opens_it(shop: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(dagster_home(shop)))
    job = dg.Definitions(assets=[numbers, doubled]).resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.get() as instance:
        assert type(instance.event_log_storage).__name__ == "KeptSqliteEventLogStorage"
        quiet: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        result = job.execute_in_process(instance=instance, raise_on_error=False, run_config=quiet)
        assert not result.success
    with dg.DagsterInstance.get() as again:
        event = again.get_latest_materialization_event(dg.AssetKey("numbers"))
        assert event and event.asset_materialization and event.asset_materialization.metadata["rows"].value == 3
        assert again.get_latest_materialization_event(dg.AssetKey("doubled")) is None
        assert [run.status.value for run in again.get_runs()] == ["FAILURE"]
        kinds = {
            record.event_log_entry.dagster_event_type for record in again.get_records_for_run(result.run_id).records
        }
        assert dg.DagsterEventType.ASSET_CHECK_EVALUATION in kinds


def test_home_follows_when_the_workspace_moves(shop: Workspace, tmp_path: Path) -> None:
    dagster_home(shop)
    moved = shop.root.rename(tmp_path / "moved")
    text = (dagster_home(Workspace.open(moved)) / "dagster.yaml").read_text(encoding="utf-8")
    settings = yaml.safe_load(text)
    assert settings["event_log_storage"]["config"]["base_dir"] == str(moved / ".dagster" / "history" / "runs")
    assert settings["telemetry"] == {"enabled": False} == settings["nux"]


def test_environment_names_the_workspace_when_dagster_is_started(shop: Workspace) -> None:
    environment = dagster_environment(shop)
    assert environment["UNAVISTA_WORKSPACE"] == str(shop.root)
    assert environment["DAGSTER_HOME"] == str(shop.root / ".dagster")
