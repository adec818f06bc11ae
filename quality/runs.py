"""The history of runs, for people who ask what happened when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from quality.operations_tables import quality_operations, transaction

if TYPE_CHECKING:
    from workspace.runs import Run
    from workspace.workspace import Workspace

RunStatus = Literal["running", "published", "unchanged", "held", "stopped", "failed"]


def record_run(
    ws: Workspace,
    run: Run,
    *,
    status: RunStatus,
    started_at: datetime,
    finished_at: datetime | None = None,
    message: str | None = None,
) -> None:
    """Write one attempt of a run to ops.runs; the same attempt (run and start) is replaced, so that it can be finished.

    Times are wall-clock instants with time zone. `message` is for people and holds no personal data.
    """
    started = _naive(started_at)
    with quality_operations(ws) as con, transaction(con):
        con.execute("delete from runs where run_id = ? and started_at = ?", [run.run_id, started])
        con.execute(
            "insert into runs values (?, ?, ?, ?, ?, ?)",
            [run.run_id, run.as_of_naive, status, started, _naive(finished_at) if finished_at else None, message],
        )


def _naive(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)
