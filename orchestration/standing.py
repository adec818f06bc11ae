"""How a workspace stands: what is published, how the last runs ended, what waits for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workspace.sql import connect, quote_literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from workspace.workspace import Workspace

_RUNS = (
    "select run_id, status, started_at, date_diff('second', started_at, finished_at) as seconds, "
    "message from store.ops.runs order by started_at desc limit 5"
)
_SYNCS = (
    "select sync_id as sync, status, succeeded_add_count as added, succeeded_change_count as changed, "
    "succeeded_remove_count as removed, member_count as members_before, message, run_id from store.ops.sync_runs "
    "where kind = 'real' qualify row_number() over (partition by sync_id order by started_at desc) = 1 order by sync_id"
)


def standing(workspace: Workspace) -> dict[str, Any]:
    """Return the state of a workspace as plain values; nothing is written and a run in progress is not disturbed."""
    from ingestion.quarantine import summarise_quarantine
    from quality.publications import current_publication
    from workspace.runs import unfinished_run

    current = current_publication(workspace)
    left = unfinished_run(workspace)
    waiting: dict[tuple[str, str], int] = {}
    for group in summarise_quarantine(workspace):
        key = (group.contract, group.reason_code)
        waiting[key] = waiting.get(key, 0) + group.open_rows
    return {
        "workspace": workspace.settings.name,
        "folder": str(workspace.root),
        "published": {
            "run_id": current.run_id,
            "as_of": current.as_of.isoformat(),
            "rows": sum(current.row_counts.values()),
            "folder": str(current.folder),
            "report": str(current.folder / "report.html"),
        }
        if current
        else None,
        "unfinished_run": left.run_id if left else None,
        "runs": _recorded(workspace, "runs", _RUNS),
        "quarantine": [
            {"contract": contract, "reason": reason, "rows": rows}
            for (contract, reason), rows in waiting.items()
            if rows
        ],
        "syncs": _recorded(workspace, "sync_runs", _SYNCS),
    }


def _recorded(workspace: Workspace, table: str, query: str) -> list[dict[str, Any]]:
    """Return rows of the operations store, or of its published copy while a run holds the store."""
    import duckdb

    for file in (workspace.operations_file, workspace.published_file):
        if not file.exists():
            continue
        try:
            with connect(workspace) as con:
                con.execute(f"attach {quote_literal(file)} as store (read_only)")
                return _rows(con, table, query)
        except duckdb.IOException:
            continue
    return []


def _rows(con: DuckDBPyConnection, table: str, query: str) -> list[dict[str, Any]]:
    known = con.execute(
        "select 1 from duckdb_tables() where database_name = 'store' and schema_name = 'ops' and table_name = ?",
        [table],
    ).fetchall()
    if not known:
        return []
    cursor = con.execute(query)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
