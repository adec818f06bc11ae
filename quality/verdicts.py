"""Record verdicts and read them back with their signature."""

from __future__ import annotations

import hashlib
from datetime import UTC
from typing import TYPE_CHECKING

from quality.operations_tables import clock
from quality.results import Signature, Verdict, VerdictStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from duckdb import DuckDBPyConnection

    from quality.contents import TableContent
    from workspace.runs import Run


def content_key(contents: Iterable[TableContent], reasons: Iterable[str]) -> str:
    """Return the key of what was audited and what was found: a signature holds for exactly this."""
    parts = sorted(f"{one.table}\x1f{one.row_count}\x1f{one.content_hash}" for one in contents)
    return hashlib.sha256("\x1e".join([*parts, "", *reasons]).encode()).hexdigest()[:32]


def write_verdict(con: DuckDBPyConnection, run: Run, status: VerdictStatus, reasons: tuple[str, ...], key: str) -> None:
    """Replace the verdict of a run."""
    con.execute("delete from verdicts where run_id = ?", [run.run_id])
    con.execute(
        "insert into verdicts values (?, ?, ?, ?, ?, ?)",
        [run.run_id, run.as_of_naive, status, list(reasons), key, clock()],
    )


def read_verdict(con: DuckDBPyConnection, run_id: str) -> Verdict | None:
    """Return the verdict of a run, with the signature given for exactly what it found."""
    rows = con.execute(
        "select run_id, as_of, status, reasons, content_key from verdicts where run_id = ?", [run_id]
    ).fetchall()
    if not rows:
        return None
    run, as_of, status, reasons, key = rows[0]
    verdict = Verdict(run, as_of.replace(tzinfo=UTC), status, tuple(reasons), key)
    signed = con.execute(
        "select who, why, signed_at from overrides where run_id = ? and content_key = ? "
        "order by signed_at desc limit 1",
        [run_id, key],
    ).fetchall()
    if not signed:
        return verdict
    who, why, signed_at = signed[0]
    return verdict.signed_by(Signature(who, why, signed_at.replace(tzinfo=UTC)))
