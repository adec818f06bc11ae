"""What is checked of a feed before anyone reads it; the suites themselves are proved elsewhere."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from small_house import FIRST, SECOND, rows_of, write_feed

import quality.feed_checks as feed_checks
from data_contracts.loader import load_contract
from ingestion.lake import Lake
from ingestion.landing import land_contract
from quality.feed_history import freshness
from quality.results import CheckResult
from workspace.runs import Run
from workspace.workspace import Workspace

ORDERS = "ecommerce_orders"


@pytest.fixture
def suites(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace the suites by a pass, and return the queries that they were asked with."""
    asked: list[str] = []

    def run(ws, relations, **options):
        asked.extend(one.query for one in relations)
        found = [
            (one, [CheckResult(one.stage, one.subject, "contract", checked_count=one.row_count)]) for one in relations
        ]
        return lambda: found

    monkeypatch.setattr(feed_checks, "run_suites", run)
    return asked


def land(ws: Workspace, run: Run, rows: list[str], file: str = "one.csv") -> None:
    write_feed(ws, ORDERS, rows, file=file)
    land_contract(ws, run, ORDERS)


def check(ws: Workspace, run: Run) -> dict[str, CheckResult]:
    return {one.name: one for one in feed_checks.check_feed(ws, run, ORDERS)}


def test_a_good_delivery_passes_and_is_not_asked_again(ws: Workspace, suites: list[str]) -> None:
    land(ws, FIRST, rows_of(ORDERS, 5))
    found = check(ws, FIRST)
    assert all(one.passed for one in found.values())
    assert found["contract"].checked_count == 5
    check(ws, SECOND)
    assert len(suites) == 1
    land(ws, SECOND, rows_of(ORDERS, 5, 100), "two.csv")
    assert check(ws, SECOND)["contract"].checked_count == 5, "the new batch only"


def test_a_broken_suite_is_asked_again(ws: Workspace, suites: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    land(ws, FIRST, rows_of(ORDERS, 5))
    failing = CheckResult("feed", f"feeds/{ORDERS}", "required", outcome="fail", message="no")
    monkeypatch.setattr(
        feed_checks, "run_suites", lambda ws, relations, **more: lambda: [(one, [failing]) for one in relations]
    )
    assert not check(ws, FIRST)["required"].passed
    assert feed_checks.has_unchecked_batches(ws, ORDERS)


def test_too_many_rejects_block(ws: Workspace, suites: list[str]) -> None:
    bad = [row.replace("10.25", "ten") for row in rows_of(ORDERS, 2, 100)]
    land(ws, FIRST, [*rows_of(ORDERS, 38), *bad])
    assert check(ws, FIRST)["reject_ratio"].passed, "5 % is allowed"
    land(ws, SECOND, [*rows_of(ORDERS, 37, 200), *(row.replace("o10", "o30") for row in bad)], "two.csv")
    result = check(ws, SECOND)["reject_ratio"]
    assert result.status == "fail"
    assert "4 of 79 rows were quarantined (5.1 %)" in result.message


def test_rows_that_stopped_a_run_hold_the_next_one_until_they_are_replayed(ws: Workspace, suites: list[str]) -> None:
    from ingestion.quarantine import export_quarantine, replay

    bad = [row.replace("10.25", "ten") for row in rows_of(ORDERS, 10, 100)]
    land(ws, FIRST, [*rows_of(ORDERS, 30), *bad])
    assert check(ws, FIRST)["reject_ratio"].status == "fail"
    result = check(ws, SECOND)["reject_ratio"]
    assert result.status == "hold", "running again must not let the rows out"
    assert "10 of 40 rows of earlier deliveries still are quarantined" in result.message
    corrections = export_quarantine(ws, "corrections.jsonl")
    corrections.write_text(corrections.read_text(encoding="utf-8").replace("ten", "10.25"), encoding="utf-8")
    assert replay(ws, SECOND, corrections=corrections).remaining == 0
    assert check(ws, SECOND)["reject_ratio"].passed


def test_an_unreadable_delivery_blocks(ws: Workspace, suites: list[str]) -> None:
    land(ws, FIRST, rows_of(ORDERS, 5))
    (ws.landing / ORDERS / "two.csv").write_text("another,header\n1,2\n")
    land_contract(ws, FIRST, ORDERS)
    result = check(ws, FIRST)["files_readable"]
    assert result.status == "fail"
    assert "could not be landed" in result.message


def test_a_balance_that_is_broken_on_purpose_blocks(ws: Workspace, suites: list[str]) -> None:
    land(ws, FIRST, rows_of(ORDERS, 5))
    file = next(Lake(ws).manifest_folder(ORDERS).glob("*.json"))
    file.write_text(json.dumps(json.loads(file.read_text()) | {"accepted": 4}))
    found = check(ws, FIRST)
    assert (found["batches_balance"].status, found["lake_balances"].status) == ("fail", "fail")
    assert "5 rows in do not equal 4 accepted" in found["lake_balances"].message


def test_an_unusual_volume_warns(ws: Workspace, suites: list[str]) -> None:
    for day in range(4):
        run = Run.at(FIRST.as_of + timedelta(days=day))
        land(ws, run, rows_of(ORDERS, 20, 100 * day), f"{day}.csv")
    assert check(ws, run)["volume"].passed
    run = Run.at(FIRST.as_of + timedelta(days=9))
    land(ws, run, rows_of(ORDERS, 5, 900), "short.csv")
    result = check(ws, run)["volume"]
    assert result.status == "warn"
    assert "brought 5 rows; its earlier runs brought 20 (median)" in result.message


def test_a_stale_feed_warns_when_its_contract_promises_freshness(ws: Workspace) -> None:
    land(ws, FIRST, rows_of(ORDERS, 5))
    contract = load_contract("feeds", ORDERS)
    assert freshness(ws, FIRST, contract, Lake(ws)) == []
    for days, status in ((8, "pass"), (7, "warn")):
        promised = replace(contract, service_levels=({"property": "latency", "value": days, "unit": "d"},))
        assert [one.status for one in freshness(ws, FIRST, promised, Lake(ws))] == [status]
