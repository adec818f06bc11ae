"""The asset graph: every key, group, dependency and check, held by a snapshot and by what must always be true."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from data_contracts.loader import contract_names, load_contracts
from orchestration.asset_keys import GATE, PUBLICATION, feed_key
from orchestration.build import build_definitions
from orchestration.identity_assets import TABLES
from orchestration.jobs import ACTIVATE_AUDIENCES, RUN_PIPELINE
from orchestration.model_graph import model_nodes
from orchestration.running import has_syncs
from workspace.errors import ConfigErrors
from workspace.workspace import Workspace

SNAPSHOT = Path(__file__).with_name("asset_graph.yml")


@pytest.fixture
def definitions(shop: Workspace, manifest: dict[str, Any]) -> dg.Definitions:
    return build_definitions(shop, manifest=manifest)


def described(definitions: dg.Definitions) -> dict[str, Any]:
    graph = definitions.resolve_asset_graph()
    return {
        key.to_user_string(): {
            "group": graph.get(key).group_name,
            "deps": sorted(parent.to_user_string() for parent in graph.get(key).parent_keys),
            "checks": {
                one.name: "blocking" if graph.get(one).blocking else "shown"
                for one in sorted(graph.get(key).check_keys)
            },
            "tags": dict(sorted((k, v) for k, v in graph.get(key).tags.items() if "/" not in k)),
        }
        for key in sorted(graph.get_all_asset_keys())
    }


def ancestors(graph: Any, key: dg.AssetKey) -> set[dg.AssetKey]:
    found: set[dg.AssetKey] = set()
    waiting = [key]
    while waiting:
        for parent in graph.get(waiting.pop()).parent_keys - found:
            found.add(parent)
            waiting.append(parent)
    return found


def test_graph_is_the_recorded_one_when_built_from_a_small_manifest(definitions: dg.Definitions) -> None:
    """Set UNAVISTA_UPDATE_SNAPSHOTS=1 to record a change that is meant."""
    found = described(definitions)
    if os.environ.get("UNAVISTA_UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(yaml.safe_dump(found, sort_keys=True, width=120, default_flow_style=None), encoding="utf-8")
    assert found == yaml.safe_load(SNAPSHOT.read_text(encoding="utf-8"))


def test_nothing_is_sent_past_the_gate_when_any_path_is_followed(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    sent = [key for key in graph.get_all_asset_keys() if graph.get(key).group_name == "activation"]
    assert sent == [dg.AssetKey(["activation", "email_tool", "win_back_email"])]
    for key in sent:
        assert {GATE, PUBLICATION} <= graph.get(key).parent_keys
    assert GATE in graph.get(PUBLICATION).parent_keys
    blocking = {one.name for one in graph.get(GATE).check_keys if graph.get(one).blocking}
    assert blocking == {"verdict_opens_the_gate"}


def test_every_feed_reaches_the_gate_when_it_has_a_contract(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    feeds = {name: feed_key(contract) for name, contract in load_contracts("feeds").items()}
    assert set(feeds.values()) <= set(graph.get_all_asset_keys())
    assert {*TABLES} == {key.path[1] for key in graph.get_all_asset_keys() if key.path[0] == "identity"}
    assert feeds["crm_customers"] in ancestors(graph, GATE) and feeds["pos_sales"] in ancestors(graph, GATE)
    for key in feeds.values():
        assert [graph.get(one).blocking for one in graph.get(key).check_keys] == [True]


def test_every_identity_table_is_an_asset_when_identity_writes_it() -> None:
    from identity.tables import ORDERS

    assert set(TABLES) == set(ORDERS)


def test_jobs_sensor_and_schedule_exist_when_the_workspace_sends(definitions: dg.Definitions) -> None:
    assert {job.name for job in definitions.jobs or ()} == {RUN_PIPELINE, ACTIVATE_AUDIENCES}
    assert [one.name for one in definitions.sensors or ()] == ["on_landing_file"]
    (schedule,) = definitions.schedules or ()
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 5 * * *", "America/Sao_Paulo")
    assert definitions.resolve_job_def(RUN_PIPELINE).executor_def is dg.in_process_executor


def test_activation_job_is_absent_when_no_sync_is_configured(shop: Workspace, manifest: dict[str, Any]) -> None:
    (shop.root / "syncs.yml").unlink()
    without = build_definitions(shop, manifest=manifest)
    assert not has_syncs(without) and {job.name for job in without.jobs or ()} == {RUN_PIPELINE}
    without.resolve_job_def(RUN_PIPELINE)


def test_mistake_is_told_with_its_line_when_syncs_are_wrong(shop: Workspace, manifest: dict[str, Any]) -> None:
    (shop.root / "syncs.yml").write_text("syncs:\n  a:\n    audiense: x\n", encoding="utf-8")
    with pytest.raises(ConfigErrors, match=r"syncs\.yml:3:"):
        build_definitions(shop, manifest=manifest)


def test_definitions_touch_no_database_when_they_load(
    shop: Workspace, manifest: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    import duckdb

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a database was opened")

    monkeypatch.setattr(duckdb, "connect", refuse)
    before = set(shop.root.rglob("*"))
    build_definitions(shop, manifest=manifest).resolve_job_def(RUN_PIPELINE)
    assert set(shop.root.rglob("*")) == before


def test_models_stand_after_their_parents_when_the_manifest_is_in_any_order(manifest: dict[str, Any]) -> None:
    nodes = model_nodes(manifest)
    names = [node.name for node in nodes]
    assert sorted(names[:2]) == ["stg_crm__customers", "stg_identity__customer_crosswalk"]
    assert names[2:] == ["dim_customers", "customer_360"]
    by_name = {node.name: node for node in nodes}
    assert len(by_name["dim_customers"].tests) == 2
    # A singular test that names no model judges the last one it reads.
    assert by_name["customer_360"].tests == ("test.unavista.assert_wide.3",)


def _models(definitions: dg.Definitions) -> Iterable[dg.AssetKey]:
    keys = definitions.resolve_asset_graph().get_all_asset_keys()
    return [key for key in keys if key.path[0] in ("staging", "intermediate", "marts", "restricted")]


@pytest.mark.slow
def test_every_model_of_the_project_is_an_asset_when_dbt_parses_it(shop: Workspace) -> None:
    from dbt_project.building import read_manifest

    parsed = read_manifest(shop)
    definitions = build_definitions(shop, manifest=parsed)
    graph = definitions.resolve_asset_graph()
    models = {node["name"] for node in parsed["nodes"].values() if node["resource_type"] in ("model", "seed")}
    assert models == {key.path[-1] for key in graph.get_all_asset_keys() if key.path[0] not in
                      ("raw", "feedback", "identity", "quality", "activation")}  # fmt: skip
    published = {key.path[-1] for key in _models(definitions) if key.path[0] in ("marts", "restricted")}
    assert published == set(contract_names("products"))
    for key in graph.get(GATE).parent_keys:
        assert key.path[0] in ("marts", "restricted")
    tested = {node.name for node in model_nodes(parsed) if node.tests}
    checked = {key.asset_key.path[-1] for key in graph.asset_check_keys if key.name == "tests_pass"}
    assert checked == tested
    assert all(graph.get(key).freshness_policy is not None for key in _models(definitions) if key.path[0] == "marts")
    for key in graph.get_all_asset_keys():
        assert graph.get(key).description, key
