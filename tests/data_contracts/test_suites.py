"""The suites of contracts, run by Great Expectations inside DuckDB on good and on broken rows."""

from __future__ import annotations

import datetime as dt
import enum
import os
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data_contracts.loader import Contract, load_contract, load_contracts
from data_contracts.schemas import polars_schema
from data_contracts.suites import expectation_suite

pytestmark = pytest.mark.slow
Make = Callable[..., Contract]
Broken = Callable[[Contract, pl.DataFrame], set[tuple[str, str]]]
NOON = dt.datetime(2026, 1, 1, 12)


class _Dialect(enum.StrEnum):
    DUCKDB = "duckdb"


@pytest.fixture
def broken_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Broken]:
    """Return (rule, columns) of every expectation that a frame breaks."""
    monkeypatch.setitem(os.environ, "GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.execution_engine import sqlalchemy_execution_engine as engine

    # The reader closes the connection before the cursor is read unless the dialect is listed here.
    dialects = (*engine._PERSISTED_CONNECTION_DIALECTS, _Dialect.DUCKDB)
    monkeypatch.setattr(engine, "_PERSISTED_CONNECTION_DIALECTS", dialects)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_sql("duck", connection_string="duckdb:///:memory:")
    counter = iter(range(100))

    def run(contract: Contract, frame: pl.DataFrame) -> set[tuple[str, str]]:
        name = f"part-{next(counter)}"
        frame.write_parquet(tmp_path / f"{name}.parquet")
        asset = source.add_query_asset(name, query=f"select * from read_parquet('{tmp_path}/{name}.parquet')")
        batch = asset.add_batch_definition_whole_table("whole").get_batch()
        found = set()
        for result in batch.validate(expectation_suite(contract), result_format="BASIC").results:
            meta: Any = result.expectation_config.meta
            raised = any(info.get("raised_exception") for info in _infos(result.exception_info))
            if raised:
                pytest.fail(f"{meta}: {result.exception_info}")
            if not result.success:
                found.add((meta["rule"], ",".join(meta["columns"])))
        return found

    yield run
    source.get_execution_engine().engine.dispose()


def _infos(info: dict[str, Any]) -> list[dict[str, Any]]:
    return [info] if "raised_exception" in info else list(info.values())


def receipt(**changes: Any) -> dict[str, Any]:
    row = dict.fromkeys(polars_schema(load_contract("feeds", "pos_sales"), lineage=True))
    row |= {"source_system": "pos", "source_sale_id": "1", "store_id": "7", "sold_at": NOON, "net_amount": Decimal(1)}
    row |= {"currency_code": "BRL", "_row_key": 1, "_row_hash": 1, "_source_file": "f", "_source_row": 1}
    row |= {"_batch_id": "b", "_run_id": "r", "_ingested_at": NOON, "_contract_version": "1.0.0"}
    return row | changes


def test_rules_that_break_are_named_when_a_feed_has_bad_rows(broken_rules: Broken) -> None:
    feed = load_contract("feeds", "pos_sales")
    schema = polars_schema(feed, lineage=True)
    good = pl.DataFrame([receipt(), receipt(net_amount=Decimal(2))], schema=schema)
    assert broken_rules(feed, good) == set(), "versions of one key are allowed in the lake"
    assert broken_rules(feed, good.clear()) == set()
    bad = pl.DataFrame([receipt(), receipt(currency_code="brl", status="lost", store_id=None, _batch_id=None)], schema)
    assert broken_rules(feed, bad) == {
        ("pattern", "currency_code"),
        ("allowed_values", "status"),
        ("required", "store_id"),
        ("required", ""),
    }
    assert broken_rules(feed, good.with_columns(pl.col("net_amount").cast(pl.Float64))) == {("types", "")}
    assert ("columns", "") in broken_rules(feed, good.with_columns(pl.lit(1).alias("surplus")))


def order(**changes: Any) -> dict[str, Any]:
    row = {"order_id": "1", "channel": "store", "net_amount": Decimal(5), "code": "A:bb", "email": "a@example.com"}
    return row | changes


def test_rules_that_break_are_named_when_a_product_has_bad_rows(make_contract: Make, broken_rules: Broken) -> None:
    def with_rules(document: dict[str, Any]) -> None:
        table = document["schema"][0]
        query = "select coalesce(sum(net_amount), 0) from {object}"
        table["quality"] = [
            {"id": "has_rows", "metric": "rowCount", "mustBeGreaterThan": 0, "severity": "warning"},
            {"id": "total", "type": "sql", "query": query, "mustBeLessOrEqualTo": 10},
        ]
        table["properties"][4]["quality"] = [
            {"id": "email_filled", "metric": "nullValues", "unit": "percent", "mustBeLessThan": 40}
        ]

    product = make_contract("products", with_rules)
    schema = polars_schema(product)
    assert broken_rules(product, pl.DataFrame([order(), order(order_id="2", code="B:bb")], schema)) == set()
    assert broken_rules(product, pl.DataFrame(schema=schema)) == {("has_rows", "")}
    rows = [
        order(),
        order(channel="pigeon", net_amount=Decimal(-1)),
        order(order_id="3", code="A:b", email=None),
        order(order_id=None, net_amount=Decimal(20), email=None),
    ]
    bad = pl.DataFrame(rows, schema)
    assert broken_rules(product, bad) == {
        ("unique", "order_id"),
        ("required", "order_id"),
        ("allowed_values", "channel"),
        ("range", "net_amount"),
        ("pattern", "code"),
        ("total", ""),
        ("email_filled", "email"),
    }


def test_suites_build_and_mark_personal_data_when_made_from_every_contract() -> None:
    for kind in ("feeds", "products", "exports"):
        for contract in load_contracts(kind).values():  # type: ignore[arg-type]
            suite = expectation_suite(contract)
            assert suite.name == f"{kind}.{contract.name}"
            assert all(expectation.meta["contract"] == f"{kind}/{contract.name}" for expectation in suite.expectations)
    genders = [
        item
        for item in expectation_suite(load_contract("feeds", "crm_customers")).expectations
        if item.meta["columns"] == ["gender"]
    ]
    assert [item.meta["pii"] for item in genders] == [True]
