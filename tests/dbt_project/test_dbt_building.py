"""Builds of a small shop made by hand: what they give, what they say when they fail, and that they leave nothing open."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from conftest import SETTINGS, Shop, furnish, mart_hashes

from data_contracts.drift import table_differences
from data_contracts.loader import load_contracts
from dbt_project.building import BuildFailed, build, prepare_manifest, run_unit_tests
from dbt_project.documentation import generate_docs
from workspace.errors import ConfigErrors

pytestmark = pytest.mark.slow


def test_published_tables_are_what_their_contracts_promise(shop: Shop) -> None:
    for name, contract in load_contracts("products").items():
        schema = "restricted" if contract.domain == "restricted" else "marts"
        columns = shop.query(f"select column_name, column_type from (describe {schema}.{name})")
        assert table_differences(contract, dict(columns)) == []


def test_documented_columns_are_the_built_ones(shop: Shop) -> None:
    from dbt_project.building import read_manifest

    for node in read_manifest(shop.ws)["nodes"].values():
        if node["resource_type"] == "model":
            built = {row[0] for row in shop.query(f"describe {node['schema']}.{node['name']}")}
            assert built == set(node["columns"]), node["name"]


def test_unit_tests_pass_on_a_built_project(shop: Shop) -> None:
    result = run_unit_tests(shop.ws, shop.run)
    assert [node.name for node in result.nodes if node.status != "pass"] == []
    assert len(result.nodes) >= 20
    assert all(node.kind == "unit_test" for node in result.nodes)


def test_orders_balance_with_the_receipts_when_some_came_back(shop: Shop) -> None:
    totals = shop.query(
        "select count(*), sum(net_amount), sum(returned_amount), count_if(is_return), count(*) - count(customer_id) "
        "from marts.fct_orders"
    )[0]
    receipts = shop.query("select count(*), sum(net_amount) from staging.stg_pos__sales where sale_type is null")[0]
    assert totals[0] == receipts[0] + 1  # the lone return is an order, the known one is not
    assert totals[1:4] == (receipts[1], Decimal("7.00"), 1)
    assert totals[4] == 360 // 9 + 1
    assert shop.query("select returned_amount, net_revenue_amount from marts.fct_orders where is_return") == [
        (Decimal("3.00"), Decimal("-3.00"))
    ]
    lowered = shop.query(
        "select returned_amount, return_receipt_count from marts.fct_orders where source_order_id = 's1'"
    )
    assert lowered == [(Decimal("4.00"), 1)]
    assert shop.query(
        "select count(*), count(order_id) from marts.fct_order_lines where source_order_id like 'never%'"
    ) == [(1, 0)]


def test_what_is_sold_but_not_listed_is_kept(shop: Shop) -> None:
    assert shop.query("select product_id, is_registered from marts.dim_products order by 1") == [
        ("p", True), ("q", False), ("unlisted", False),
    ]  # fmt: skip
    assert shop.query("select store_id, store_kind from marts.dim_stores order by 1") == [("a", "own"), ("b", None)]


def test_declared_segment_holds_who_may_be_reached(shop: Shop) -> None:
    members = shop.query(
        "select customer_id from marts.dim_customer_segments where segment_name = 'reachable' order by 1"
    )
    wanted = shop.query("select customer_id from marts.customer_360 where can_email and order_count > 0 order by 1")
    assert members == wanted and len(members) > 30
    assert shop.query("select count(*) from marts.customer_360 where segment_names = 'reachable'") == [(len(members),)]


def test_staff_and_open_complaints_are_not_marketed_to(shop: Shop) -> None:
    reasons = shop.query(
        "select reason, count(*) from marts.dim_customer_suppressions join marts.customer_360 using (customer_id) "
        "where not can_email group by 1 order by 1"
    )
    assert reasons == [("internal", 1), ("open_complaint", 1)]


def test_nodes_are_passed_on_as_they_finish_and_no_connection_is_left(shop: Shop) -> None:
    seen: list[str] = []
    result = build(shop.ws, shop.run, select=["dim_stores"], on_node=lambda node: seen.append(node.name))
    assert result.is_good
    assert sorted(seen) == sorted(node.name for node in result.nodes)
    assert {node.kind for node in result.nodes} >= {"model", "test"}
    # Another mode than dbt's: refused while dbt's own connection is open in this process.
    with duckdb.connect(str(shop.ws.build_file), config={"threads": "1"}) as con:
        assert con.execute("select count(*) from marts.dim_stores").fetchall() == [(2,)]


def test_manifest_is_parsed_once_when_nothing_changed(shop: Shop) -> None:
    first = prepare_manifest(shop.ws)
    stamp = first.stat().st_mtime_ns
    assert prepare_manifest(shop.ws) == first and first.stat().st_mtime_ns == stamp


def test_documentation_is_one_file_without_a_network(shop: Shop) -> None:
    page = generate_docs(shop.ws).read_text(encoding="utf-8")
    assert shop.ws.root in generate_docs(shop.ws).parents
    assert "fct_orders" in page and "One row per order" in page
    assert 'src="http' not in page and "mail.example" not in page


def test_failure_says_which_test_how_many_rows_and_no_values(tmp_path: Path) -> None:
    shop = Shop.open(tmp_path)
    furnish(shop, people=10)
    shop.resolve()
    crosswalk = shop.ws.build / "identity" / "customer_crosswalk.parquet"
    con = duckdb.connect()
    con.execute(f"create table t as select * from '{crosswalk}'")
    con.execute("insert into t select * from t limit 1")
    con.execute(f"copy t to '{crosswalk}' (format parquet)")
    con.close()
    result = build(shop.ws, shop.run)
    assert not result.is_good
    failed = {node.name: node for node in result.failures}
    assert failed["key_stg_identity__customer_crosswalk"].failures == 1
    message = failed["key_stg_identity__customer_crosswalk"].message
    assert "found 1 row" in message and "record_id must be unique" in message
    assert any(node.status == "skipped" and node.name == "fct_orders" for node in result.nodes)
    with pytest.raises(BuildFailed) as error:
        result.require_good()
    assert "the marts were not built" in str(error.value) and "mail.example" not in str(error.value)


def test_failure_of_a_mart_names_each_column_and_what_is_wrong_with_it(tmp_path: Path) -> None:
    shop = Shop.open(tmp_path)
    furnish(shop, people=10)
    shop.resolve()
    assert build(shop.ws, shop.run).is_good
    with duckdb.connect(str(shop.ws.build_file)) as con:
        con.execute("alter table intermediate.int_record_customers rename to kept")
        con.execute(
            "create table intermediate.int_record_customers as "
            "select * replace ('nobody' as customer_id) from intermediate.kept union all from intermediate.kept"
        )
    result = build(shop.ws, shop.run, select=["fct_orders", "dim_customers"])
    messages = {node.name: node.message for node in result.failures}
    assert "order_id stands more than once (" in messages["key_fct_orders"]
    assert "customer_id is unknown in dim_customers (" in messages["references_fct_orders"]


def test_build_stops_before_anything_when_a_segment_is_wrong(tmp_path: Path) -> None:
    shop = Shop.open(tmp_path)
    folder = shop.ws.root / "segments"
    folder.mkdir()
    (folder / "bad.yml").write_text("segment: bad\ndescription: wrong\nwhere: net_revenu_amount > 3\n")
    with pytest.raises(ConfigErrors, match=r"bad\.yml:3.*net_revenu_amount.*net_revenue_amount"):
        build(shop.ws, shop.run)
    assert not shop.ws.build_file.exists()


def test_unreadable_identity_is_one_clear_error_not_a_traceback(tmp_path: Path) -> None:
    shop = Shop.open(tmp_path)
    result = build(shop.ws, shop.run, select=["stg_identity__customer_crosswalk"])
    (failure,) = [node for node in result.failures if node.kind == "model"]
    assert failure.name == "stg_identity__customer_crosswalk"
    assert "could not be built" in failure.message and "identity" in failure.message


def test_marts_are_the_same_when_rows_threads_and_batches_differ(shop: Shop, tmp_path: Path) -> None:
    other = Shop.open(tmp_path, SETTINGS.replace("threads: 2", "threads: 1"))
    (other.ws.root / "segments").mkdir()
    for file in (shop.ws.root / "segments").iterdir():
        (other.ws.root / "segments" / file.name).write_text(file.read_text())
    luck = random.Random(3)
    for folder in shop.ws.lake.iterdir():
        source = folder / "batch=b1" / "part-0.parquet"
        if not source.is_file():
            continue
        con = duckdb.connect()
        rows = con.execute(f"select * from '{source}'").fetchall()
        luck.shuffle(rows)
        con.execute(f"create table t as select * from '{source}' limit 0")
        for number, part in enumerate((rows[: len(rows) // 3], rows[len(rows) // 3 :])):
            target = other.ws.lake / folder.name / f"batch=x{number}"
            target.mkdir(parents=True)
            con.execute("delete from t")
            if part:
                con.executemany(f"insert into t values ({', '.join('?' * len(part[0]))})", part)
            con.execute(f"copy t to '{target}/part-0.parquet' (format parquet)")
        con.close()
    other.resolve()
    build(other.ws, other.run).require_good()
    mine, theirs = mart_hashes(shop), mart_hashes(other)
    assert [name for name in mine if mine[name] != theirs.get(name)] == []
    assert len(mine) > 30
