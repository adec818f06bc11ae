"""What stands of a build: whatever may change a table gives its node another key, and nothing else does."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
from conftest import AS_OF, Shop, furnish, mart_hashes

from dbt_project.building import build
from dbt_project.standing import forget_nodes, node_keys, remember_nodes, standing_nodes
from workspace.runs import Run
from workspace.workspace import Workspace

MACROS = {
    "as_of": "{% macro as_of() %}cast('{{ var(\"as_of\") }}' as {{ x_timestamp_type() }}){% endmacro %}",
    "age": "{% macro age(day) %}{{ x_days(day, as_of()) }}{% endmacro %}",
    "x_days": "{% macro x_days(a, b) %}{{ adapter.dispatch('x_days')(a, b) }}{% endmacro %}",
    "duckdb__x_days": "{% macro duckdb__x_days(a, b) %}{{ var('timezone') }}{% endmacro %}",
    "test_recent": "{% test recent(model) %}select * from {{ model }} where age(day) > {{ var('days', 3) }}{% endtest %}",
}


def node(kind: str, code: str, *parents: str) -> SimpleNamespace:
    return SimpleNamespace(
        resource_type=kind, raw_code=code, unrendered_config={}, depends_on=SimpleNamespace(nodes=list(parents))
    )


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    (tmp_path / "workspace.yml").write_text("name: Small\n")
    for feed, batch in (("sales", "a"), ("people", "a")):
        folder = tmp_path / "lake" / feed / f"batch={batch}"
        folder.mkdir(parents=True)
        (folder / "part-0.parquet").write_bytes(b"rows")
    identity = tmp_path / "warehouse" / "build" / "identity"
    identity.mkdir(parents=True)
    (identity / "crosswalk.parquet").write_bytes(b"who is who")
    return Workspace.open(tmp_path)


def keys(ws: Workspace, **variables: Any) -> dict[str, str]:
    manifest = SimpleNamespace(
        macros={name: SimpleNamespace(name=name, package_name="unavista", macro_sql=sql) for name, sql in MACROS.items()},
        sources={
            f"source.{name}": SimpleNamespace(source_name=source, name=name)
            for source, name in (("lake", "sales"), ("lake", "people"), ("identity", "crosswalk"))
        },
        nodes={
            "model.mart": node("model", "select * from {{ ref('aged') }}", "model.aged", "model.known"),
            "model.aged": node("model", "select {{ age('day') }} from sales", "source.sales"),
            "model.known": node("model", "select '{{ var(\"currency\") }}'", "source.people", "source.crosswalk"),
            "test.recent": node("test", "{{ test_recent(**_dbt_generic_test_kwargs) }}", "model.known"),
            "operation.hook": node("operation", ""),
        },
    )  # fmt: skip
    return node_keys(ws, manifest, {"as_of": "2026-01-01", "timezone": "UTC", "currency": "BRL", **variables})


def changed(ws: Workspace, before: dict[str, str], **variables: Any) -> set[str]:
    after = keys(ws, **variables)
    return {name.split(".", 1)[1] for name in after if after[name] != before[name]}


def test_key_follows_the_variables_that_a_node_reads_through_macros_and_dispatch(ws: Workspace) -> None:
    before = keys(ws)
    assert sorted(before) == ["model.aged", "model.known", "model.mart", "test.recent"]
    assert changed(ws, before) == set()
    assert changed(ws, before, as_of="2026-01-02") == {"aged", "mart", "recent"}
    assert changed(ws, before, timezone="Europe/Lisbon") == {"aged", "mart", "recent"}
    assert changed(ws, before, currency="EUR") == {"known", "mart", "recent"}
    assert changed(ws, before, days=5) == {"recent"}
    assert changed(ws, before, unread=1) == set()


def test_key_follows_the_files_below_a_node(ws: Workspace) -> None:
    before = keys(ws)
    batch = ws.lake / "sales" / "batch=b"
    batch.mkdir()
    (batch / "part-0.parquet").write_bytes(b"more")
    assert changed(ws, before) == {"aged", "mart"}
    shutil.rmtree(batch)
    crosswalk = ws.build / "identity" / "crosswalk.parquet"
    crosswalk.write_bytes(b"who is who")  # written again, to the same end
    assert changed(ws, before) == set()
    crosswalk.write_bytes(b"who is she")
    assert changed(ws, before) == {"known", "mart", "recent"}


def test_nothing_stands_after_the_build_file_was_touched_or_a_build_died(ws: Workspace) -> None:
    now = keys(ws)
    ws.build_file.write_bytes(b"tables")
    remember_nodes(ws, {"model.aged": {"key": now["model.aged"]}, "model.mart": {"key": "another"}})
    assert list(standing_nodes(ws, now)) == ["model.aged"]
    ws.build_file.write_bytes(b"tables, and one more")
    assert standing_nodes(ws, now) == {}
    remember_nodes(ws, {"model.aged": {"key": now["model.aged"]}})
    forget_nodes(ws)
    assert standing_nodes(ws, now) == {}


@pytest.mark.slow
def test_build_after_a_change_gives_the_marts_of_a_build_from_nothing(tmp_path: Path) -> None:
    shop = Shop.open(tmp_path / "changed")
    furnish(shop, people=30)
    shop.resolve()
    build(shop.ws, shop.run).require_good()
    again = build(shop.ws, shop.run)
    assert [one.name for one in again.nodes if not one.is_standing and one.status != "warn"] == []

    with duckdb.connect() as con:
        first = shop.ws.lake / "pos_sales" / "batch=b1" / "part-0.parquet"
        second = shop.ws.lake / "pos_sales" / "batch=b2" / "part-0.parquet"
        second.parent.mkdir()
        con.execute(
            f"copy (select * replace ('9' || source_sale_id as source_sale_id, '9' || _row_key as _row_key) "
            f"from '{first}' limit 20) to '{second}' (format parquet)"
        )
    shop.resolve()
    later = Run.at(AS_OF.replace(hour=6))
    result = build(shop.ws, later)
    assert result.is_good
    kept = Counter(one.kind for one in result.nodes if one.is_standing)
    assert kept["model"] > 10 and kept["test"] > 10
    assert {one.name for one in result.nodes if one.is_standing}.isdisjoint({"fct_orders", "customer_360"})

    fresh = Shop.open(tmp_path / "fresh")
    shutil.rmtree(fresh.ws.lake)
    for folder in ("lake", "segments"):
        shutil.copytree(shop.ws.root / folder, fresh.ws.root / folder)
    fresh.resolve()
    whole = build(fresh.ws, later)
    assert not any(one.is_standing for one in whole.nodes)
    assert sorted(one.unique_id for one in whole.nodes) == sorted(one.unique_id for one in result.nodes)
    assert mart_hashes(shop) == mart_hashes(fresh)


@pytest.mark.slow
def test_failed_test_is_found_again_though_nothing_changed(tmp_path: Path) -> None:
    shop = Shop.open(tmp_path)
    furnish(shop, people=10)
    shop.resolve()
    crosswalk = shop.ws.build / "identity" / "customer_crosswalk.parquet"
    with duckdb.connect() as con:
        con.execute(f"create table t as select * from '{crosswalk}'")
        con.execute("insert into t select * from t limit 1")
        con.execute(f"copy t to '{crosswalk}' (format parquet)")
    first, second = build(shop.ws, shop.run), build(shop.ws, shop.run)
    assert {one.name for one in second.failures} == {one.name for one in first.failures}
    assert "key_stg_identity__customer_crosswalk" in {one.name for one in second.failures}
    assert {one.name for one in second.nodes if one.status == "skipped"} >= {"fct_orders"}
