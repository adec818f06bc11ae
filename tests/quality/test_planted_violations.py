"""For every feed and product contract: good rows pass, and a planted violation of each class of rule is caught."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import small_house

from data_contracts.lineage import LINEAGE_COLUMNS
from data_contracts.loader import Column, Contract, load_contracts
from data_contracts.schemas import polars_schema, polars_type
from quality.gx_duckdb import Relation, run_suites
from quality.results import CheckResult, decide
from workspace.workspace import Workspace

pytestmark = pytest.mark.slow
NOON = dt.datetime(2026, 1, 1, 12)


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    return small_house.open_workspace(tmp_path / "shop")


def good_value(kind: str, column: Column | None, row: int) -> Any:
    if column is not None and column.enum:
        return column.enum[row % len(column.enum)]
    if column is not None and column.pattern == "^[A-Z]{3}$":
        return "BRL"
    low = int(column.minimum or 0) if column is not None else 0
    if kind.startswith("DECIMAL"):
        return Decimal(low) + (Decimal(row) if column is None or column.maximum is None else 0)
    values = {"VARCHAR": f"value-{row}", "BOOLEAN": row % 2 == 0, "DOUBLE": float(low + row), "DATE": NOON.date()}
    values |= {"TIMESTAMP": NOON + dt.timedelta(days=row), "DATE": NOON.date() + dt.timedelta(days=row)}
    return values.get(kind, low + row)


def good_frame(contract: Contract) -> pl.DataFrame:
    """Return four rows with different keys that keep every rule."""
    columns = {one.name: one for one in contract.columns}
    schema = polars_schema(contract, lineage=contract.kind == "feeds")
    kinds = {one.name: one.physical_type for one in contract.columns} | dict(LINEAGE_COLUMNS)
    rows = [{name: good_value(kinds[name], columns.get(name), row) for name in schema} for row in range(4)]
    return pl.DataFrame(rows, schema=schema)


def spoil(frame: pl.DataFrame, row: int, name: str, value: Any) -> pl.DataFrame:
    values = frame[name].to_list()
    values[row] = value
    return frame.with_columns(pl.Series(name, values, dtype=frame.schema[name]))


def spoiled_rows(contract: Contract, frame: pl.DataFrame) -> tuple[pl.DataFrame, set[tuple[str, int]]]:
    """Break each class of rule about rows in a column of its own, and return (rule, failing count) to be found."""
    expected: set[tuple[str, int]] = set()
    free = [one for one in contract.columns if not one.primary_key]

    def take(fits: Any) -> Column | None:
        found = next((one for one in free if fits(one)), None)
        if found is not None:
            free.remove(found)
        return found

    for rule, fits, value in (
        ("allowed_values", lambda one: one.enum, "pigeon"),
        ("pattern", lambda one: one.pattern, "brl"),
        ("range", lambda one: one.minimum is not None, -7),
        ("required", lambda one: one.required, None),
    ):
        column = take(fits)
        if column is not None:
            is_money = column.physical_type.startswith("DECIMAL") and value is not None
            frame = spoil(frame, 1, column.name, Decimal(value) if is_money else value)
            expected.add((rule, 1))
    if contract.kind == "products":
        frame = pl.concat([frame, frame.head(1)])
        expected.add(("unique", 1))
    return frame, expected


def retyped(contract: Contract, frame: pl.DataFrame) -> pl.DataFrame:
    name = contract.columns[0].name
    other = pl.Int64() if frame.schema[name] != pl.Int64() else polars_type("INTEGER")
    return frame.with_columns(pl.lit(1, dtype=other).alias(name))


def variants(contract: Contract) -> Iterator[tuple[str, pl.DataFrame, set[tuple[str, int]]]]:
    frame = good_frame(contract)
    yield "good", frame, set()
    yield "spoiled", *spoiled_rows(contract, frame)
    yield "retyped", retyped(contract, frame), {("types", 1)}
    yield "short", frame.drop(contract.columns[-1].name), {("columns", 0)}
    if contract.name in ("pos_sales", "fct_orders"):
        yield "empty", frame.clear(), set()
        yield "long", frame.with_columns(pl.lit(1).alias("surplus")), {("columns", 0)}


@pytest.mark.parametrize("kind", ["feeds", "products"])
def test_every_class_of_violation_is_caught(kind: Any, shop: Workspace, tmp_path: Path) -> None:
    expected: dict[str, set[tuple[str, int]]] = {}
    relations = []
    for contract in load_contracts(kind).values():
        for name, frame, broken in variants(contract):
            subject = f"{contract.name}-{name}"
            file = tmp_path / f"{subject}.parquet"
            frame.write_parquet(file)
            expected[subject] = broken
            relations.append(Relation(contract, f"select * from '{file}'", len(frame), "contract", subject))
    found = {relation.subject: results for relation, results in run_suites(shop, relations)}
    wrong = {
        subject: [one.message for one in results]
        for subject, results in found.items()
        if not agrees(results, expected[subject])
    }
    assert not wrong
    assert found.keys() == expected.keys()


def agrees(results: list[CheckResult], expected: set[tuple[str, int]]) -> bool:
    """Tell whether exactly the expected rules broke; a retyped column may break further rules about itself."""
    broken = {(one.name, one.failing_count or 0) for one in results if not one.passed}
    if not expected:
        return not broken
    return broken >= expected and (("types", 1) in expected or broken == expected)


def test_no_personal_value_is_in_a_result(shop: Workspace, tmp_path: Path) -> None:
    contract = load_contracts("products")["customer_contacts"]
    frame = good_frame(contract).with_columns(pl.lit("judith@example.com").alias("email"))
    frame = spoil(pl.concat([frame, frame.head(1)]), 2, "country_code", None).with_columns(
        pl.lit("judith@example.com").alias("customer_id")
    )
    frame.write_parquet(tmp_path / "contacts.parquet")
    relation = Relation(contract, f"select * from '{tmp_path}/contacts.parquet'", 5, "contract", "contacts")
    results = [one for _, found in run_suites(shop, [relation]) for one in found]
    assert any(not one.passed for one in results)
    texts = [f"{one.message} {one.observed} {one.expected}" for one in results]
    assert "judith" not in " ".join(texts)


def test_an_exception_inside_is_an_error_when_a_rule_cannot_run(shop: Workspace, tmp_path: Path) -> None:
    contract = load_contracts("products")["fct_orders"]
    frame = good_frame(contract).with_columns(pl.lit("judith@example.com").alias("net_amount"))
    frame.write_parquet(tmp_path / "orders.parquet")
    other = good_frame(contract)
    other.write_parquet(tmp_path / "others.parquet")
    relations = [
        Relation(contract, f"select * from '{tmp_path}/orders.parquet'", 4, "contract", "text for money"),
        Relation(contract, f"select * from '{tmp_path}/missing.parquet'", 4, "contract", "no file"),
        Relation(contract, f"select * from '{tmp_path}/others.parquet'", 4, "contract", "good"),
    ]
    found = {relation.subject: results for relation, results in run_suites(shop, relations)}
    assert {one.name for one in found["text for money"] if not one.passed} >= {"types"}
    assert "judith" not in " ".join(one.message for one in found["text for money"])
    assert any(one.outcome == "error" for one in found["no file"])
    assert decide(found["no file"])[0] == "stop"
    assert all(one.passed for one in found["good"]), "one broken relation does not hide the others"
