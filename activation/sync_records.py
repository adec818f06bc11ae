"""Record each sync run with counts that add up, and say what it did."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from activation.loading import SyncDefinition
    from activation.planning import Plan

OPERATIONS = ("add", "change", "remove")


@dataclass(frozen=True)
class SyncRun:
    """What one sync did in one run; counts by operation are of the run as a whole, over all its attempts."""

    sync_id: str
    run_id: str
    audience_id: str
    destination_id: str
    status: str
    """completed, partial (some rows not confirmed), stopped (circuit breaker), refused (contract), or dry"""
    message: str | None
    eligible: int
    members: int
    """Members of the destination before the run."""
    reasons: dict[str, int]
    """Eligible people who were not sent, by the first reason."""
    to_send: int
    """Additions and changes that this command set out to make: eligible = all reasons + to_send."""
    planned: dict[str, int]
    attempted: dict[str, int]
    succeeded: dict[str, int]
    failed: dict[str, int]
    calls: int
    """Calls made, or folders written, by this command."""
    folder: Path | None

    @property
    def is_clean(self) -> bool:
        """Tell whether everything planned was confirmed."""
        return self.status in ("completed", "dry")


def open_run(con: DuckDBPyConnection, definition: SyncDefinition, run_id: str, publication: str, *, dry: bool) -> None:
    """Note that a sync began; a run carried out again keeps one record, and drops what it did not come to send."""
    names = {"run": run_id, "sync": definition.name}
    con.execute("begin")
    con.execute(
        "delete from sync_runs where run_id = $run and sync_id = $sync and kind = $kind", {**names, "kind": _kind(dry)}
    )
    if not dry:
        con.execute(
            "delete from sync_rows where run_id = $run and sync_id = $sync and status in ('not_attempted', 'deferred')",
            names,
        )
    con.execute(
        """
        insert into sync_runs (run_id, sync_id, kind, publication_run_id, audience_id, destination_id, channel, purpose,
            status, eligible_count, member_count, to_send_count, reasons, has_messages_to_write, started_at)
        values ($run, $sync, $kind, $publication, $audience, $destination, $channel, $purpose,
            'running', 0, 0, 0, '{}', $real, $now)
        """,
        {
            **names,
            "kind": _kind(dry),
            "publication": publication,
            "audience": definition.audience.name,
            "destination": definition.sync.destination,
            "channel": definition.audience.channel,
            "purpose": definition.audience.purpose,
            "real": not dry,
            "now": _now(),
        },
    )
    con.execute("commit")


def close_run(
    con: DuckDBPyConnection,
    definition: SyncDefinition,
    run_id: str,
    plan: Plan | None,
    *,
    dry: bool,
    status: str,
    message: str | None = None,
    calls: int = 0,
    folder: Path | None = None,
) -> SyncRun:
    """Complete the record of a sync run and return it; without a plan nothing was counted."""
    con.execute("begin")
    if plan is not None and not dry:
        _write_left_out(con, definition, run_id)
    counts = _planned_only(plan) if dry else _counts(con, definition.name, run_id)
    columns = ", ".join(
        f"{kind}_{operation}_count = {counts[kind][operation]}" for kind in counts for operation in OPERATIONS
    )
    con.execute(
        f"update sync_runs set status = $status, message = $message, eligible_count = $eligible, "
        f"member_count = $members, to_send_count = $to_send, reasons = $reasons, finished_at = $now, {columns} "
        "where run_id = $run and sync_id = $sync and kind = $kind",
        {
            "status": status,
            "message": message,
            "eligible": plan.eligible if plan else 0,
            "members": plan.members if plan else 0,
            "to_send": plan.to_send if plan else 0,
            "reasons": json.dumps(plan.reasons if plan else {}),
            "now": _now(),
            "run": run_id,
            "sync": definition.name,
            "kind": _kind(dry),
        },
    )
    con.execute("commit")
    return SyncRun(
        sync_id=definition.name,
        run_id=run_id,
        audience_id=definition.audience.name,
        destination_id=definition.sync.destination,
        status=status,
        message=message,
        eligible=plan.eligible if plan else 0,
        members=plan.members if plan else 0,
        reasons=plan.reasons if plan else {},
        to_send=plan.to_send if plan else 0,
        calls=calls,
        folder=folder,
        **counts,
    )


def _write_left_out(con: DuckDBPyConnection, definition: SyncDefinition, run_id: str) -> None:
    """Write the rows that were planned and not come to, and for each person left out the reason (last run only)."""
    audience = definition.audience
    con.execute("delete from sync_rows where sync_id = $sync and operation = 'none'", {"sync": definition.name})
    con.execute(
        """
        insert into sync_rows
        select $run, $sync, $audience, $destination, $channel, $purpose, customer_id, operation, status, reason,
            null, message_key, payload_hash, null, 0, null, $now
        from (
            select customer_id, operation, 'not_attempted' as status, reason, message_key, payload_hash
            from planned where message_key not in (select message_key from settled)
            union all
            select customer_id, 'none', 'left_out', reason, null, null
            from selection where is_eligible and reason is not null and reason <> 'skipped_same'
        )
        """,
        {
            "run": run_id,
            "sync": definition.name,
            "audience": audience.name,
            "destination": definition.sync.destination,
            "channel": audience.channel,
            "purpose": audience.purpose,
            "now": _now(),
        },
    )


def _counts(con: DuckDBPyConnection, sync_id: str, run_id: str) -> dict[str, dict[str, int]]:
    rows = con.execute(
        """
        select operation, count(*) as planned,
            count(*) filter (where status in ('succeeded', 'rejected', 'unknown')) as attempted,
            count(*) filter (where status = 'succeeded') as succeeded,
            count(*) filter (where status in ('rejected', 'unknown')) as failed
        from sync_rows where run_id = $run and sync_id = $sync and operation <> 'none' group by operation
        """,
        {"run": run_id, "sync": sync_id},
    ).fetchall()
    by_operation = {row[0]: row[1:] for row in rows}
    return {
        kind: {operation: by_operation.get(operation, (0, 0, 0, 0))[place] for operation in OPERATIONS}
        for place, kind in enumerate(("planned", "attempted", "succeeded", "failed"))
    }


def _planned_only(plan: Plan | None) -> dict[str, dict[str, int]]:
    nothing = dict.fromkeys(OPERATIONS, 0)
    planned = plan.planned if plan else nothing
    return {"planned": dict(planned), "attempted": dict(nothing), "succeeded": dict(nothing), "failed": dict(nothing)}


def _kind(dry: bool) -> str:
    return "dry" if dry else "real"


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
