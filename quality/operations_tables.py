"""The tables of this room in the operations store: checks, verdicts, overrides, contents, publications, runs."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from quality.results import CheckResult
from workspace.operations import operations

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from duckdb import DuckDBPyConnection

    from workspace.runs import Run
    from workspace.workspace import Workspace

_TABLES = (
    "create table if not exists checks (run_id VARCHAR not null, as_of TIMESTAMP not null, stage VARCHAR not null, "
    "subject VARCHAR not null, name VARCHAR not null, severity VARCHAR not null, outcome VARCHAR not null, "
    "status VARCHAR not null, message VARCHAR, observed VARCHAR, expected VARCHAR, failing_count BIGINT, "
    "checked_count BIGINT, sample_keys VARCHAR[], seconds DOUBLE, checked_at TIMESTAMP not null)",
    "create table if not exists verdicts (run_id VARCHAR not null, as_of TIMESTAMP not null, status VARCHAR not null, "
    "reasons VARCHAR[] not null, content_key VARCHAR not null, decided_at TIMESTAMP not null)",
    "create table if not exists overrides (run_id VARCHAR not null, content_key VARCHAR not null, "
    "who VARCHAR not null, why VARCHAR not null, reasons VARCHAR[] not null, signed_at TIMESTAMP not null)",
    "create table if not exists mart_contents (run_id VARCHAR not null, as_of TIMESTAMP not null, "
    "table_name VARCHAR not null, row_count BIGINT not null, content_hash VARCHAR not null, "
    "suite_key VARCHAR not null)",
    "create table if not exists checked_batches (contract VARCHAR not null, batch_id VARCHAR not null, "
    "suite_key VARCHAR not null, run_id VARCHAR not null)",
    "create table if not exists publications (publication_id VARCHAR not null, sequence BIGINT not null, "
    "run_id VARCHAR not null, as_of TIMESTAMP not null, action VARCHAR not null, row_count BIGINT not null, "
    "happened_at TIMESTAMP not null)",
    "create table if not exists runs (run_id VARCHAR not null, as_of TIMESTAMP not null, status VARCHAR not null, "
    "started_at TIMESTAMP not null, finished_at TIMESTAMP, message VARCHAR)",
    "create table if not exists restatements (run_id VARCHAR not null, as_of TIMESTAMP not null, "
    "subject VARCHAR not null, reason VARCHAR not null, customer_count BIGINT not null, row_count BIGINT not null, "
    "currency_code VARCHAR, moved_amount DECIMAL(38,2))",
    "create table if not exists restated_figures (run_id VARCHAR not null, as_of TIMESTAMP not null, "
    "subject VARCHAR not null, figure VARCHAR not null, member VARCHAR not null, currency_code VARCHAR, "
    "reason VARCHAR not null, customer_count BIGINT not null, before_value DECIMAL(38,2) not null, "
    "after_value DECIMAL(38,2) not null, restated_value DECIMAL(38,2) not null)",
    "create table if not exists identity_metrics (run_id VARCHAR not null, as_of TIMESTAMP not null, "
    "metric VARCHAR not null, value DOUBLE not null)",
)


@contextmanager
def quality_operations(ws: Workspace) -> Iterator[DuckDBPyConnection]:
    """Open the operations store with this room's tables in place."""
    with operations(ws) as con:
        for statement in _TABLES:
            con.execute(statement)
        yield con


@contextmanager
def transaction(con: DuckDBPyConnection) -> Iterator[None]:
    """Commit what the block wrote, or nothing of it."""
    con.execute("begin")
    try:
        yield
    except BaseException:
        con.execute("rollback")
        raise
    con.execute("commit")


def clock() -> datetime:
    """Return the wall clock as naive UTC; it is written to the operations store only."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def write_checks(con: DuckDBPyConnection, run: Run, results: Sequence[CheckResult]) -> None:
    """Insert results; the caller has deleted what they replace."""
    now = clock()
    rows = [
        (
            run.run_id, run.as_of_naive, one.stage, one.subject, one.name, one.severity, one.outcome, one.status,
            one.message, one.observed, one.expected, one.failing_count, one.checked_count, list(one.sample_keys),
            one.seconds, now,
        )
        for one in results
    ]  # fmt: skip
    if rows:
        con.executemany(f"insert into checks values ({', '.join('?' * 16)})", rows)


def read_checks(
    con: DuckDBPyConnection, run_id: str, *, stage: str | None = None, subject: str | None = None
) -> list[CheckResult]:
    """Return the recorded results of a run, in a stable order."""
    names = (
        "stage, subject, name, severity, outcome, message, observed, expected, failing_count, checked_count, seconds"
    )
    rows = con.execute(
        f"select sample_keys, {names} from checks where run_id = ? and (? is null or stage = ?) "
        "and (? is null or subject = ?) order by stage, subject, name, message",
        [run_id, stage, stage, subject, subject],
    ).fetchall()
    fields = names.split(", ")
    return [CheckResult(sample_keys=tuple(keys or ()), **dict(zip(fields, row, strict=True))) for keys, *row in rows]
