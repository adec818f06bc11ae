"""Write what destinations confirmed as a feed, so that the next run knows of it like of any other contact.

Only confirmed rows are written, with the run's instant: the marts must come out the same however long the sending took.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workspace.atomic import replace_file
from workspace.messages import messages_file
from workspace.sql import quote_literal

if TYPE_CHECKING:
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from workspace.workspace import Workspace

SOURCE_SYSTEM = "unavista"


def write_messages(ws: Workspace, con: DuckDBPyConnection) -> list[Path]:
    """Write landing/activation/<sync>-<run>.jsonl (contract activation_messages) for every run that still owes it.

    A crash between the confirmation and the file leaves the debt on record; the next activation pays it. Writing the
    same rows again gives the same bytes, which the lake recognises.
    """
    owed = con.execute(
        "select run_id, sync_id from sync_runs where has_messages_to_write and kind = 'real' order by 1, 2"
    ).fetchall()
    files = [file for run_id, sync_id in owed if (file := _write(ws, con, run_id, sync_id))]
    con.execute("update sync_runs set has_messages_to_write = false where has_messages_to_write and kind = 'real'")
    return files


def _write(ws: Workspace, con: DuckDBPyConnection, run_id: str, sync_id: str) -> Path | None:
    query = (
        f"select {quote_literal(SOURCE_SYSTEM)} as source_system, message_key, sync_id, audience_id, destination_id, "
        "customer_id, channel, purpose, operation, strftime(sent_at, '%Y-%m-%d %H:%M:%S') as sent_at from sync_rows "
        f"where run_id = {quote_literal(run_id)} and sync_id = {quote_literal(sync_id)} "
        "and status = 'succeeded' and attempts > 0 order by message_key"
    )
    if not con.execute(f"select count(*) from ({query})").fetchall()[0][0]:
        return None
    file = messages_file(ws, run_id, sync_id)
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.part")
    con.execute(f"copy ({query}) to {quote_literal(part)} (format json)")
    if file.is_file() and file.read_bytes() == part.read_bytes():
        part.unlink()
    else:
        replace_file(part, file)
    return file
