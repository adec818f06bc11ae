"""Budgets against the published view, and what was restated because ids changed."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest
from small_house import FIRST, SECOND, build, decide_for, land_all, resolve

from quality.budgets import check_budgets
from quality.build_reading import BUILD, compare
from quality.contents import list_tables, read_content
from quality.id_churn import measure_churn
from quality.publishing import publish
from quality.restatements import find_restatements
from quality.results import CheckResult
from workspace.workspace import Workspace


@pytest.fixture
def published(built: Workspace) -> Workspace:
    decide_for(built, FIRST)
    publish(built, FIRST)
    return built


def budgets(ws: Workspace) -> dict[tuple[str, str], CheckResult]:
    with compare(ws) as compared:
        contents = [read_content(compared.con, BUILD, table) for table in list_tables(compared.con, BUILD)]
        return {(one.subject, one.name): one for one in check_budgets(compared, contents)}


def test_a_first_run_has_no_budget(built: Workspace) -> None:
    assert budgets(built) == {}


def test_budgets_are_kept_when_nothing_changes(published: Workspace) -> None:
    found = budgets(published)
    assert len(found) == 7
    assert all(one.status == "pass" for one in found.values())


@pytest.mark.parametrize(
    ("rows", "status"), [(200, "pass"), (141, "pass"), (139, "hold"), (1199, "pass"), (1201, "hold")]
)
def test_volume_is_held_when_it_leaves_its_limits(built: Workspace, rows: int, status: str) -> None:
    numbers = "create or replace table marts.dim_customers as select n::varchar as customer_id, 'SP' as state_code "
    build(built, f"{numbers} from range(200) as t(n)")
    decide_for(built, FIRST)
    publish(built, FIRST)
    build(built, f"{numbers} from range({rows}) as t(n)")
    assert budgets(built)["marts.dim_customers", "volume"].status == status


def test_small_tables_may_vary_but_not_vanish(published: Workspace) -> None:
    build(published, "delete from marts.fct_orders where order_id <> 'o1'")
    assert budgets(published)["marts.fct_orders", "volume"].status == "pass"
    build(published, "delete from marts.fct_orders")
    result = budgets(published)["marts.fct_orders", "volume"]
    assert result.status == "hold"
    assert "shrank by 100 %" in result.message


def churn(ws: Workspace) -> tuple[int, int, Decimal, Decimal]:
    with compare(ws) as compared:
        found = measure_churn(compared)
    return found.customers, found.customers_moved, found.revenue, found.revenue_moved


def test_ids_that_move_without_a_cause_are_churn(published: Workspace) -> None:
    assert churn(published) == (6, 0, Decimal("61.50"), Decimal(0))
    resolve(published, same_person={"c1": "c2"})
    build(published)
    assert churn(published) == (6, 1, Decimal("61.50"), Decimal("10.25"))
    found = budgets(published)
    assert found["identity/customer_crosswalk", "customer_id_churn"].status == "hold"
    message = found["identity/customer_crosswalk", "customer_id_churn_by_revenue"].message
    assert message.startswith(
        "customers with 10.25 of 61.50 published revenue (16.7 %) changed their id without a cause"
    )


def test_ids_that_move_with_their_own_data_are_no_churn(published: Workspace) -> None:
    resolve(published, same_person={"c1": "c2"})
    records = published.build / "identity" / "customer_records.parquet"
    frame = pl.read_parquet(records)
    now_known = (
        pl.when(pl.col("email") == "ana1@example.com").then(pl.lit("ana2@example.com")).otherwise(pl.col("email"))
    )
    frame.with_columns(email=now_known).write_parquet(records)
    build(published)
    assert churn(published)[1] == 0


def test_ids_that_move_with_a_new_record_of_their_cluster_are_no_churn(published: Workspace) -> None:
    land_all(published, SECOND, 7)
    resolve(published, same_person={"c1": "c7"})
    build(published)
    assert churn(published) == (6, 0, Decimal("61.50"), Decimal(0)), "c7 is new, and c1 joined it"


def restated(ws: Workspace) -> list[tuple]:
    with compare(ws) as compared:
        found = find_restatements(compared)
    return sorted((one.subject, one.reason, one.customer_count, one.row_count, one.moved_amount) for one in found)


def test_restatements_say_what_moved_and_why(published: Workspace) -> None:
    assert restated(published) == []
    resolve(published, same_person={"c1": "c2"})
    build(
        published,
        "update marts.fct_orders set customer_id = 'c4' where order_id = 'o3'",
        "update marts.fct_orders set customer_id = null where order_id = 'o5'",
    )
    assert restated(published) == [
        ("marts.fct_orders", "merge", 1, 1, Decimal("10.25")),
        ("marts.fct_orders", "split", 1, 1, Decimal("10.25")),
        ("marts.fct_orders", "unidentified", 1, 1, Decimal("10.25")),
        ("marts.fct_service_contacts", "merge", 1, 1, None),
    ]
