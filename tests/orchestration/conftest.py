"""A scaffolded workspace, a small manifest of dbt, and a pipeline whose rooms are played."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from orchestration_rooms import Rooms, verdict

from orchestration.pipeline import Pipeline
from orchestration.scaffolding import scaffold
from workspace.runs import Run
from workspace.workspace import Workspace

INSTANT = datetime(2026, 1, 31, 5, tzinfo=UTC)


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    """A workspace as `unavista init` makes it."""
    scaffold(tmp_path / "shop", name="Test Shop")
    return Workspace.open(tmp_path / "shop")


def _model(name: str, layer: str, domain: str, parents: list[str], columns: list[str]) -> dict[str, Any]:
    return {
        "resource_type": "model",
        "name": name,
        "schema": layer,
        "fqn": ["unavista", layer, domain, name],
        "access": "public" if layer == "marts" else "protected",
        "description": f"One row per {name}.",
        "config": {"materialized": "view" if layer == "staging" else "table"},
        "columns": {c: {"name": c, "data_type": "varchar", "description": "A column.", "tags": []} for c in columns},
        "depends_on": {"nodes": parents},
    }


def _test(name: str, attached: str | None, parents: list[str]) -> dict[str, Any]:
    return {"resource_type": "test", "name": name, "attached_node": attached, "depends_on": {"nodes": parents}}


@pytest.fixture(scope="session")
def manifest() -> dict[str, Any]:
    """The part of a manifest.json that the graph is read from: two staging models, two marts, three tests."""
    lake, identity = "source.unavista.lake.crm_customers", "source.unavista.identity.customer_crosswalk"
    stg, records = "model.unavista.stg_crm__customers", "model.unavista.stg_identity__customer_crosswalk"
    dim, wide = "model.unavista.dim_customers", "model.unavista.customer_360"
    wide_node = _model("customer_360", "marts", "customers", [dim], ["customer_id"])
    return {
        "sources": {
            lake: {"source_name": "lake", "name": "crm_customers"},
            identity: {"source_name": "identity", "name": "customer_crosswalk"},
        },
        # Children stand before parents on purpose: the order of the file means nothing.
        "nodes": {
            wide: wide_node,
            dim: _model("dim_customers", "marts", "customers", [stg, records], ["customer_id"]),
            stg: _model("stg_crm__customers", "staging", "crm", [lake], ["record_id"]),
            records: _model("stg_identity__customer_crosswalk", "staging", "identity", [identity], ["record_id"]),
            "test.unavista.unique_dim.1": _test("unique_dim", dim, [dim]),
            "test.unavista.not_null_dim.2": _test("not_null_dim", dim, [dim]),
            "test.unavista.assert_wide.3": _test("assert_wide", None, [dim, wide]),
        },
    }


@pytest.fixture
def rooms(monkeypatch: pytest.MonkeyPatch) -> Rooms:
    """Play every room."""
    played = Rooms()
    landing = SimpleNamespace(batches=[], failures=[], outdated=[], total=lambda _: 0, is_balanced=True)

    def check_feed(_: Any, __: Any, name: str) -> list[Any]:
        return played.checks.get(name, [])

    def record_run(*_: Any, status: str, message: str | None = None, **__: Any) -> None:
        played.recorded.append((status, message))

    metrics = SimpleNamespace(records=3, customers=2)
    publication = SimpleNamespace(row_counts={"marts.dim_customers": 2}, publication_id="p", folder=Path("p"))
    for target, function in {
        "ingestion.landing.land_contract": played.note("land", landing),
        "quality.feed_checks.check_feed": check_feed,
        "orchestration.pipeline.published_view_stands": lambda *_, **__: played.unchanged,
        "orchestration.pipeline.recorded_verdict": lambda *_: verdict("stop", "a feed broke its contract"),
        "identity.resolving.resolve": played.note("resolve", metrics),
        "dbt_project.building.build": played.note("build", lambda: played.built),
        "quality.auditing.audit": played.note("audit", lambda: played.verdict),
        "quality.publishing.publish": played.note("publish", publication),
        "quality.publishing.refresh_operations": played.note("refresh", None),
        "quality.report.write_report": played.note("report", Path("report.html")),
        "quality.runs.record_run": record_run,
        "ingestion.operations_tables.record_batches": played.note("record_batches", None),
        "activation.syncing.activate": played.note("activate", []),
    }.items():
        monkeypatch.setattr(target, function)
    return played


@pytest.fixture
def pipeline(shop: Workspace) -> Pipeline:
    """A pipeline on the scaffolded workspace."""
    return Pipeline(shop, Run.at(INSTANT))
