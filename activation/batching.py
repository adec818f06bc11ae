"""Cut planned rows into batches by count and bytes, and keep a batch whole across a crash.

The rows of a batch are written to the outbox before the call. After a crash, or when no answer came, the next run sends
exactly those rows first and under the same key, so that a receiver which had accepted them recognises the repeat.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_IN_FLIGHT = 0
TOO_LARGE = "message_key in (select message_key from texts anti join cut using (message_key))"
"""Condition on `planned` for the rows of the phase that no batch can hold."""


@dataclass(frozen=True)
class Batch:
    """Rows that go out in one call: message keys and JSON texts in the same order."""

    number: int
    operation: str
    """upsert or remove"""
    message_keys: tuple[str, ...]
    rows: tuple[str, ...]

    @property
    def key(self) -> str:
        """Return the idempotency key: the same rows in the same order always have the same one."""
        return hashlib.sha256("\n".join((self.operation, *self.message_keys)).encode()).hexdigest()

    def body(self, sync_id: str) -> bytes:
        """Return the JSON body. Nothing in it depends on the run, so that a repeat is the same bytes."""
        head = f'{{"sync":"{sync_id}","operation":"{self.operation}","rows":['
        return (head + ",".join(self.rows) + "]}").encode()

    def halves(self) -> tuple[Batch, Batch]:
        """Return the batch in two parts, to find the row that a destination refuses."""
        middle = len(self.rows) // 2
        return (
            Batch(self.number, self.operation, self.message_keys[:middle], self.rows[:middle]),
            Batch(self.number, self.operation, self.message_keys[middle:], self.rows[middle:]),
        )


def cut_batches(con: DuckDBPyConnection, sync_id: str, phase: int, *, max_rows: int, max_bytes: int) -> list[int]:
    """Fill the temp table `cut` (message_key, row, batch_number, position) for a phase; return its batch numbers.

    Batch 0 is the one that was in flight, when all its rows are still planned as they were. Of the others, a cut falls
    where either the count or the running size passes its limit; the size window is short by one largest row, so no
    batch is over it. Rows that alone pass the limit are left out: see `TOO_LARGE`.
    """
    room = max_bytes - 200 - len(sync_id)
    con.execute(
        """
        create or replace temp table texts as
        select message_key, customer_id,
            '{"message_key":"' || message_key || '","operation":"' || operation || '","row":' ||
                coalesce(payload, sent_key) || '}' as row
        from planned where phase = $phase and not is_silent
            and message_key not in (select message_key from settled)
        """,
        {"phase": phase},
    )
    con.execute(
        f"""
        create or replace temp table cut as
        with in_flight as (
            select o.message_key, o.position from sync_outbox as o where o.sync_id = $sync
                and not exists (
                    select 1 from sync_outbox as other where other.sync_id = $sync
                        and other.message_key not in (select message_key from texts)
                )
        ),
        fitting as (
            select *, strlen(row) + 1 as bytes from texts
            where strlen(row) + 1 <= $room and message_key not in (select message_key from in_flight)
        ),
        placed as (
            select message_key, row, bytes,
                row_number() over (order by customer_id, message_key) - 1 as place,
                sum(bytes) over (order by customer_id, message_key) - bytes as before,
                greatest($room - max(bytes) over (), 1) as size_window
            from fitting
        )
        select message_key, row,
            dense_rank() over (order by place // $rows, before // size_window) as batch_number, place as position
        from placed
        union all
        select t.message_key, t.row, {_IN_FLIGHT}, f.position from in_flight as f join texts as t using (message_key)
        """,
        {"sync": sync_id, "room": room, "rows": max_rows},
    )
    return [number for (number,) in con.execute("select distinct batch_number from cut order by 1").fetchall()]


def read_batch(con: DuckDBPyConnection, number: int, phase: int) -> Batch:
    """Return one batch of the temp table `cut`."""
    rows = con.execute(
        "select message_key, row from cut where batch_number = $number order by position", {"number": number}
    ).fetchall()
    keys, texts = zip(*rows, strict=True)
    return Batch(number, "remove" if phase == 1 else "upsert", keys, texts)


def note_in_flight(con: DuckDBPyConnection, sync_id: str, batch: Batch) -> None:
    """Write the batch to the outbox, durably, before it is sent."""
    con.execute("begin")
    con.execute("delete from sync_outbox where sync_id = $sync", {"sync": sync_id})
    con.execute(
        "insert into sync_outbox select $sync, $key, position, message_key from cut where batch_number = $number",
        {"sync": sync_id, "key": batch.key, "number": batch.number},
    )
    con.execute("commit")
