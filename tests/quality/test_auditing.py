"""The verdict on a build: what passes, what stops, what holds, and who may let it out."""

from __future__ import annotations

import pytest
from small_house import FIRST, SECOND, build, land_all, published_rows, resolve, rows_of, write_feed

from ingestion.lake import Lake
from ingestion.landing import land_contract
from quality.auditing import audit
from quality.feed_checks import check_feed
from quality.gate import require_pass, sign
from quality.operations_tables import quality_operations, read_checks
from quality.publishing import publish
from quality.results import Verdict
from workspace.errors import GateRefused, UnavistaError
from workspace.workspace import Workspace

pytestmark = pytest.mark.slow


def stopped_by(verdict: Verdict, *fragments: str) -> None:
    assert verdict.status == "stop"
    for fragment in fragments:
        assert any(fragment in reason for reason in verdict.reasons), (fragment, verdict.reasons)


@pytest.fixture
def published(built: Workspace) -> Workspace:
    audit(built, FIRST)
    publish(built, FIRST)
    return built


def test_verdict_is_pass_when_everything_holds(built: Workspace) -> None:
    verdict = audit(built, FIRST)
    assert (verdict.status, verdict.reasons) == ("pass", ())
    assert require_pass(built, FIRST.run_id) == verdict
    with quality_operations(built) as con:
        stages = {one.stage for one in read_checks(con, FIRST.run_id)}
        assert stages == {"feed", "contract", "balance", "identity"}, "a first run has no budget"


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        ("update marts.fct_orders set net_amount = -1 where order_id = 'o1'", "1 row with a net_amount below 0"),
        ("update marts.fct_orders set currency_code = 'brl'", "6 rows with a currency_code that does not match"),
        ("update marts.fct_service_contacts set contact_type = 'whining'", "not one of the 5 allowed words"),
        ("update marts.fct_orders set is_return = null where order_id = 'o1'", "1 row without is_return"),
        (
            "insert into marts.dim_customers select * from marts.dim_customers",
            "6 values of customer_id that stand more than once",
        ),
        ("alter table marts.fct_orders drop returned_amount", "the contract's returned_amount is missing"),
        ("alter table marts.fct_orders add column net_worth INTEGER", "net_worth is not in the contract"),
        (
            "alter table marts.fct_orders alter net_amount type DECIMAL(18,4)",
            "net_amount is DECIMAL(18,4), the contract",
        ),
        ("drop table marts.fct_service_contacts", "marts.fct_service_contacts is promised by a contract"),
        ("create table marts.fct_secrets as select 1 as number", "marts.fct_secrets was built and no contract"),
        ("delete from marts.fct_orders where order_id = 'o1'", "net amount BRL: 61.50 in the staged receipts"),
        (
            "update marts.fct_orders set net_amount = net_amount + 0.01 where order_id = 'o1'",
            "61.51 in marts.fct_orders",
        ),
        (
            "update marts.fct_orders set currency_code = 'EUR' where order_id = 'o1'",
            "net amount EUR: 0.00 in the staged",
        ),
        (
            "delete from staging.stg_ecommerce__orders where source_order_id = 'o1'",
            "lake → staging.stg_ecommerce__orders",
        ),
        ("insert into marts.fct_service_contacts from marts.fct_service_contacts", "service contacts do not balance"),
        (
            "update marts.fct_orders set customer_id = 'ghost' where order_id = 'o1'",
            "1 row of marts.fct_orders with a customer that is not",
        ),
        ("delete from marts.dim_customers where customer_id = 'c1'", "1 customer of the crosswalk not in"),
        (
            "insert into marts.dim_customers values ('made up', 'SP')",
            "1 customer of marts.dim_customers without a record",
        ),
    ],
)
def test_verdict_is_stop_when_a_promise_is_broken(built: Workspace, spoil: str, reason: str) -> None:
    build(built, spoil)
    stopped_by(audit(built, FIRST), reason)
    with pytest.raises(GateRefused, match="is stopped"):
        publish(built, FIRST)
    assert not built.current.exists()


def test_verdict_is_stop_when_a_record_is_not_in_the_crosswalk_exactly_once(built: Workspace) -> None:
    import polars as pl

    file = built.build / "identity" / "customer_crosswalk.parquet"
    crosswalk = pl.read_parquet(file)
    pl.concat([crosswalk.tail(5), crosswalk.tail(1)]).write_parquet(file)
    stopped_by(audit(built, FIRST), "1 row of the crosswalk that repeat", "1 person record of the lake, of 6, not in")


def test_verdict_is_stop_when_a_test_of_the_models_failed(built: Workspace) -> None:
    failures = [("test.unavista.assert_sums.1a2b", "Got 2 results, configured to fail if != 0")]
    stopped_by(audit(built, FIRST, dbt_failures=failures), "test assert_sums failed: Got 2 results")


def test_verdict_is_stop_when_rows_vanish_from_the_lake(built: Workspace) -> None:
    Lake(built).row_files("ecommerce_orders")[0].unlink()
    stopped_by(audit(built, FIRST), "1 of 1 batches do not balance", "feeds/ecommerce_orders: 6 rows in do not equal")


def test_published_view_stays_when_the_next_run_is_stopped(published: Workspace) -> None:
    build(published, "delete from marts.fct_orders where order_id = 'o1'")
    stopped_by(audit(published, SECOND))
    with pytest.raises(GateRefused):
        publish(published, SECOND)
    assert published_rows(published, "select count(*) from marts.fct_orders") == [(6,)]
    assert require_pass(published, FIRST.run_id).status == "pass"


def test_an_audited_pass_is_void_when_the_same_run_is_audited_again_and_stops(published: Workspace) -> None:
    build(published, "delete from marts.fct_orders where order_id = 'o1'")
    audit(published, FIRST)
    with pytest.raises(GateRefused):
        require_pass(published, FIRST.run_id)


def grow(ws: Workspace, count: int) -> None:
    """Make a second run of the lake with `count` people, resolved and built."""
    land_all(ws, SECOND, count)
    resolve(ws)
    build(ws)


def test_verdict_is_hold_when_a_mart_shrinks_past_its_budget(ws: Workspace) -> None:
    land_all(ws, FIRST, 200)
    resolve(ws)
    build(ws)
    audit(ws, FIRST)
    publish(ws, FIRST)
    grow(ws, 20)
    build(ws, "create or replace table restricted.customer_contacts as from restricted.customer_contacts limit 20")
    verdict = audit(ws, SECOND)
    assert verdict.status == "hold"
    assert verdict.reasons == (
        "restricted.customer_contacts shrank by 90 % (200 rows published, 20 built); the budget is 30 %",
    )
    with pytest.raises(GateRefused, match="is held"):
        publish(ws, SECOND)
    with pytest.raises(GateRefused, match="needs a name and a reason"):
        sign(ws, SECOND.run_id, who="Maria", why=" ")
    signed = sign(ws, SECOND.run_id, who="Maria", why="Contacts moved to another system.")
    assert signed.opens_gate
    assert publish(ws, SECOND).manifest["signed_by"] == "Maria"
    assert published_rows(ws, "select who, why from ops.overrides") == [("Maria", "Contacts moved to another system.")]


def test_a_signature_is_void_when_the_run_is_audited_with_another_outcome(ws: Workspace) -> None:
    land_all(ws, FIRST, 200)
    resolve(ws)
    build(ws)
    audit(ws, FIRST)
    publish(ws, FIRST)
    build(ws, "create or replace table restricted.customer_contacts as from restricted.customer_contacts limit 20")
    audit(ws, SECOND)
    sign(ws, SECOND.run_id, who="Maria", why="Contacts moved.")
    assert audit(ws, SECOND).opens_gate, "the same outcome stays signed for"
    build(ws, "create or replace table restricted.customer_contacts as from restricted.customer_contacts limit 10")
    assert not audit(ws, SECOND).opens_gate
    with pytest.raises(GateRefused, match="is held"):
        publish(ws, SECOND)


def test_a_stop_cannot_be_signed_for(built: Workspace) -> None:
    build(built, "delete from marts.fct_orders where order_id = 'o1'")
    audit(built, FIRST)
    with pytest.raises(GateRefused, match="cannot be signed for"):
        sign(built, FIRST.run_id, who="Maria", why="Let it go.")


def test_a_feed_that_fails_later_voids_an_earlier_pass(published: Workspace) -> None:
    rows = [row.replace("10.25", "ten") for row in rows_of("ecommerce_orders", 3, 100)]
    write_feed(published, "ecommerce_orders", rows, file="bad.csv")
    land_contract(published, FIRST, "ecommerce_orders")
    check_feed(published, FIRST, "ecommerce_orders")
    with pytest.raises(GateRefused, match="more than the 5 % that the contract allows"):
        require_pass(published, FIRST.run_id)


def test_only_changed_marts_are_checked_again(published: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    import quality.mart_checks as mart_checks

    asked: list[str] = []
    original = mart_checks.run_suites

    def spy(ws, relations, **options):
        relations = list(relations)
        asked.extend(one.subject for one in relations)
        return original(ws, relations, **options)

    monkeypatch.setattr(mart_checks, "run_suites", spy)
    build(published, "update marts.dim_customers set state_code = 'RJ'")
    assert audit(published, SECOND).status == "pass"
    assert asked == ["marts.dim_customers"]
    with quality_operations(published) as con:
        subjects = {one.subject for one in read_checks(con, SECOND.run_id, stage="contract")}
    assert len(subjects) == 5, "what was not checked again is still recorded"


def test_audit_is_refused_when_nothing_is_built(ws: Workspace) -> None:
    with pytest.raises(UnavistaError, match="no build"):
        audit(ws, FIRST)
