"""What the quality report shows, read from the operations store and the lake; nothing here is personal data."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from data_contracts.loader import contract_names
from ingestion.lake import Balance, Lake
from ingestion.quarantine import summarise_quarantine
from quality.identity_metrics import read_identity_metrics
from quality.operations_tables import quality_operations, read_checks
from quality.publications import Publication, kept_publications
from quality.results import CheckResult, Verdict
from quality.verdicts import read_verdict

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from workspace.runs import Run
    from workspace.workspace import Workspace

_HISTORY = 30


@dataclass(frozen=True)
class FeedLine:
    """One feed contract: what came in over all runs, what is new, and why rows wait in quarantine."""

    contract: str
    balance: Balance
    new_rows: int
    new_batches: int
    reasons: list[tuple[str, int]]
    checks: list[CheckResult]

    @property
    def broken(self) -> list[CheckResult]:
        """Return the checks of the feed that did not hold."""
        return [one for one in self.checks if not one.passed]


@dataclass(frozen=True)
class MartLine:
    """One published table: its contract, and its rows now and before."""

    table: str
    rows: int | None
    rows_before: int | None
    is_same: bool
    summary: CheckResult | None
    broken: list[CheckResult]
    budget: CheckResult | None
    past_rows: list[int]


@dataclass(frozen=True)
class PastRun:
    """One run of the history."""

    run_id: str
    as_of: datetime
    status: str
    reasons: list[str]
    signed_by: str | None
    seconds: float | None


@dataclass
class ReportData:
    """Everything on the page."""

    workspace: str
    run: Run
    verdict: Verdict | None
    checks: list[CheckResult]
    feeds: list[FeedLine]
    marts: list[MartLine]
    before: Publication | None
    restatements: list[tuple[str, str, int, int, str | None, Decimal | None]]
    figures: list[tuple[str, str, str | None, str, Decimal, Decimal, Decimal]]
    """Published numbers that moved with ids: figure, member, currency, reason, before, after, moved by ids."""
    metrics: dict[str, float]
    history: list[PastRun]
    exports: list[dict[str, object]] = field(default_factory=list)

    def of_stage(self, stage: str) -> list[CheckResult]:
        """Return the checks of a stage, broken ones first."""
        return sorted((one for one in self.checks if one.stage == stage), key=lambda one: (one.passed, one.subject))

    @property
    def broken(self) -> list[CheckResult]:
        """Return every check that did not hold."""
        return [one for one in self.checks if not one.passed]

    @property
    def rule_count(self) -> int:
        """Return how many promises were held to: rules of suites, and every other check."""
        rules = 0
        for one in self.checks:
            words = (one.observed or "").split(" rules hold")[0].split(" of ")
            rules += int(words[1]) if one.name == "contract" and len(words) == 2 else 1
        return rules


def read_report_data(ws: Workspace, run: Run) -> ReportData:
    """Collect the page of a run; it may have been stopped at any stage."""
    with quality_operations(ws) as con:
        verdict = read_verdict(con, run.run_id)
        checks = read_checks(con, run.run_id)
        history = _history(con)
        restatements = con.execute(
            "select subject, reason, customer_count, row_count, currency_code, moved_amount from restatements "
            "where run_id = ? order by subject, reason, currency_code nulls first",
            [run.run_id],
        ).fetchall()
        figures = con.execute(
            "select figure, member, currency_code, reason, before_value, after_value, restated_value "
            "from restated_figures where run_id = ? order by figure, member, currency_code nulls first, reason",
            [run.run_id],
        ).fetchall()
        metrics = read_identity_metrics(con, run.run_id)
        contents, past = _contents(con, run)
        exports = _exports(con, run)
    before = _published_before(ws, run, verdict)
    return ReportData(
        workspace=ws.settings.name,
        run=run,
        verdict=verdict,
        checks=checks,
        feeds=_feeds(ws, run, checks),
        marts=_marts(checks, contents, past, before),
        before=before,
        restatements=restatements,
        figures=figures,
        metrics=metrics,
        history=history,
        exports=exports,
    )


def _published_before(ws: Workspace, run: Run, verdict: Verdict | None) -> Publication | None:
    """Return the newest publication that is not the run's own."""
    own = verdict.content_key if verdict else None
    others = [one for one in kept_publications(ws) if (one.run_id, one.manifest["content_key"]) != (run.run_id, own)]
    return others[-1] if others else None


def _feeds(ws: Workspace, run: Run, checks: list[CheckResult]) -> list[FeedLine]:
    lake = Lake(ws)
    known = set(contract_names("feeds"))
    reasons: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for group in summarise_quarantine(ws):
        if group.open_rows:
            reasons[group.contract][group.reason] += group.open_rows
    found = []
    for name in lake.contracts():
        landed = [one for one in lake.manifests(name) if one.run_id == run.run_id]
        own = [one for one in checks if one.subject == f"feeds/{name}"]
        balance = lake.balance(name)
        if name in known and (balance.rows_read or any(not one.passed for one in own)):
            ranked = sorted(reasons[name].items(), key=lambda item: (-item[1], item[0]))
            found.append(FeedLine(name, balance, sum(one.rows_in for one in landed), len(landed), ranked, own))
    return sorted(found, key=lambda one: (not one.broken, one.contract))


def _contents(con: DuckDBPyConnection, run: Run) -> tuple[dict[str, tuple[int, str]], dict[str, list[int]]]:
    now = con.execute(
        "select table_name, row_count, content_hash from mart_contents where run_id = ?", [run.run_id]
    ).fetchall()
    past: dict[str, list[int]] = defaultdict(list)
    for table, count in con.execute(
        "select table_name, row_count from mart_contents where as_of <= ? order by table_name, as_of", [run.as_of_naive]
    ).fetchall():
        past[table].append(count)
    return {table: (count, content) for table, count, content in now}, past


def _marts(
    checks: list[CheckResult],
    contents: dict[str, tuple[int, str]],
    past: dict[str, list[int]],
    before: Publication | None,
) -> list[MartLine]:
    counts, hashes = (before.row_counts, before.content_hashes) if before else ({}, {})
    tables = sorted({one.subject for one in checks if one.stage == "contract"} | contents.keys())
    found = []
    for table in tables:
        own = [one for one in checks if one.subject == table]
        rows, content = contents.get(table, (None, None))
        found.append(
            MartLine(
                table=table,
                rows=rows,
                rows_before=counts.get(table),
                is_same=content is not None and hashes.get(table) == content,
                summary=next((one for one in own if one.stage == "contract" and one.name == "contract"), None),
                broken=[one for one in own if one.stage in ("contract", "identity") and not one.passed],
                budget=next((one for one in own if one.stage == "budget"), None),
                past_rows=past.get(table, [])[-_HISTORY:],
            )
        )
    return sorted(found, key=lambda one: (not one.broken, one.table))


def _history(con: DuckDBPyConnection) -> list[PastRun]:
    rows = con.execute(
        "select v.run_id, v.as_of, v.status, v.reasons, max(o.who), "
        "max(date_diff('millisecond', r.started_at, r.finished_at)) / 1000 from verdicts as v "
        "left join overrides as o on o.run_id = v.run_id and o.content_key = v.content_key "
        "left join runs as r on r.run_id = v.run_id group by all order by v.as_of desc limit ?",
        [_HISTORY],
    ).fetchall()
    return [PastRun(*row) for row in reversed(rows)]


def _exports(con: DuckDBPyConnection, run: Run) -> list[dict[str, object]]:
    """Return what activation recorded for this run, when it has run: the last step of feed to export."""
    known = con.execute(
        "select column_name from information_schema.columns where table_name = 'sync_runs' and table_schema = 'ops'"
    ).fetchall()
    if "run_id" not in {name for (name,) in known}:
        return []
    cursor = con.execute("select * from ops.sync_runs where run_id = ?", [run.run_id])
    names = [one[0] for one in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
