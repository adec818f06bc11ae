"""Budgets against the published view, and what was restated because ids changed."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest
from small_house import FIRST, SECOND, build, decide_for, land_all, resolve

from quality.auditing import audit
from quality.budgets import check_budgets
from quality.build_reading import BUILD, compare
from quality.contents import list_tables, read_content
from quality.gate import sign
from quality.id_churn import measure_churn
from quality.operations_tables import quality_operations
from quality.publishing import publish
from quality.restated_figures import find_restated_figures
from quality.restatements import find_restatements
from quality.results import CheckResult
from workspace.errors import GateRefused
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


def write_identity(ws: Workspace, table: str, columns: dict[str, list]) -> None:
    pl.DataFrame(columns).write_parquet(ws.build / "identity" / f"{table}.parquet")


def test_churn_says_how_much_why_which_and_what_to_do(built: Workspace) -> None:
    history = {"record_id": ["r1"], "change_number": [1], "old_customer_id": [None], "new_customer_id": ["c1"]}
    write_identity(built, "customer_id_history", history | {"reason": ["new"], "evidence": ["rule"]})
    guards = {"identifier_kind": ["phone"] * 2, "identifier_hash": ["p", "q"], "decision": ["blocked", "ambiguous"]}
    write_identity(built, "guard_decisions", guards)
    decide_for(built, FIRST)
    publish(built, FIRST)

    (built.root / "identity.yml").write_text("disable_rules: [same_device]\n")
    resolve(built, same_person={"c1": "c2"})
    moved = {"record_id": ["r1"], "change_number": [2], "old_customer_id": ["c1"], "new_customer_id": ["c2"]}
    moved = {name: history[name] + moved[name] for name in moved}
    write_identity(
        built, "customer_id_history", moved | {"reason": ["new", "merge"], "evidence": ["", "same_device 0a1b"]}
    )
    guards = {"identifier_kind": ["phone", "email"], "identifier_hash": ["q", "e"], "decision": ["blocked", "blocked"]}
    write_identity(built, "guard_decisions", guards)
    build(built)
    found = budgets(built)
    result = found["identity/customer_crosswalk", "customer_id_churn"]
    assert result.sample_keys == ("c1",)
    assert result.message.split(". ") == [
        "1 of 6 published customers (16.7 %) changed their id without a cause in their own data; the budget is 2 %",
        "Changed since the published view: identity.yml",
        "A guard decides otherwise about values: 1 email, 2 phone",
        "Customers: 1 merged by rule same_device",
        "For example c1",
        "Undo the change and run again, see all of its effects first with `unavista identity shadow`, "
        "or let it out with `unavista sign`",
    ]
    assert "For example" not in found["identity/customer_crosswalk", "customer_id_churn_by_revenue"].message


def test_a_signature_for_churn_is_logged_with_what_was_signed_for(published: Workspace) -> None:
    resolve(published, same_person={"c1": "c2"})
    build(published)
    verdict = audit(published, SECOND)
    assert verdict.status == "hold"
    with pytest.raises(GateRefused, match="For example c1"):
        publish(published, SECOND)
    sign(published, SECOND.run_id, who="Ana Souza", why="the rules of 2026")
    assert publish(published, SECOND).manifest["signed_by"] == "Ana Souza"
    with quality_operations(published) as con:
        logged = con.execute("select run_id, who, why, reasons from overrides").fetchall()
    assert logged == [(SECOND.run_id, "Ana Souza", "the rules of 2026", list(verdict.reasons))]


CELLS = (
    "create or replace table marts.dim_customer_rfv as select customer_id, "
    "case when count(*) > 1 then '555' else '111' end as rfv_cell from marts.fct_orders group by customer_id"
)


def restated_figures(ws: Workspace) -> list[tuple]:
    with compare(ws) as compared:
        found = find_restated_figures(compared)
    return [
        (one.figure, one.member, one.reason, one.customer_count, one.before_value, one.after_value, one.restated_value)
        for one in found
    ]


def test_numbers_that_moved_with_ids_are_named_with_both_values(built: Workspace) -> None:
    build(built, CELLS)
    decide_for(built, FIRST)
    publish(built, FIRST)
    assert restated_figures(built) == []
    resolve(built, same_person={"c1": "c2"})
    # The last statement is no doing of ids, and is only seen in the totals.
    build(built, CELLS, "insert into marts.dim_customer_rfv values ('c9', '111')")
    assert restated_figures(built) == [
        ("customers", "all", "merge", 2, 6, 5, -1),
        ("customers_by_rfv_cell", "111", "merge", 2, 6, 5, -2),
        ("customers_by_rfv_cell", "555", "merge", 1, 0, 1, 1),
    ]
