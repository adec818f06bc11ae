"""Record what became of rows, and move the state of exactly those that a destination confirmed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from activation.loading import SyncDefinition

SUCCEEDED, REJECTED, UNKNOWN = "succeeded", "rejected", "unknown"
UNANSWERED = "unanswered"
"""State of a customer who was sent to a destination that has not answered yet: perhaps a member, perhaps not."""


@dataclass(frozen=True)
class Recorder:
    """Writes the outcomes of one sync in one run."""

    con: DuckDBPyConnection
    definition: SyncDefinition
    run_id: str
    as_of: datetime

    def begin(self) -> None:
        """Start with no row settled."""
        self.con.execute("create or replace temp table settled (message_key varchar, status varchar)")

    def doubt(self, rows: str) -> None:
        """Note that the rows of `planned` that the condition `rows` selects are about to be sent.

        Until an answer is recorded the destination may hold the old row, the new one or none. What was confirmed of
        them is forgotten, so that a later plan removes, adds or changes them whatever became of the call.
        """
        con, sync_id = self.con, self.definition.name
        con.execute(
            "create or replace temp table doubtful as "
            f"select customer_id, operation, sent_key from planned where {rows}"
        )
        con.execute("begin")
        con.execute(
            f"""
            update sync_state set
                payload_hash = null,
                status = case when operation <> 'remove' and status <> 'member' then '{UNANSWERED}' else status end,
                sent_key = case when operation <> 'remove' and status <> 'member' then d.sent_key
                    else sync_state.sent_key end
            from doubtful as d
            where sync_id = $sync and d.customer_id = sync_state.customer_id
            """,
            {"sync": sync_id},
        )
        con.execute(
            f"""
            insert into sync_state
            select $sync, $destination, customer_id, '{UNANSWERED}', null, sent_key, null, 0, 0, null, null, $run
            from doubtful where operation <> 'remove'
                and customer_id not in (select customer_id from sync_state where sync_id = $sync)
            """,
            {"sync": sync_id, "destination": self.definition.sync.destination, "run": self.run_id},
        )
        con.execute("commit")

    def record(
        self,
        rows: str,
        *,
        status: str = SUCCEEDED,
        exceptions: dict[str, tuple[str, str | None]] | None = None,
        provider_code: str | None = None,
        batch_key: str | None = None,
        attempts: int = 1,
    ) -> None:
        """Record the rows of `planned` that the condition `rows` selects, in one transaction with their state.

        `exceptions` gives (status, provider code) by message key for rows that fared otherwise. Succeeded and rejected
        are definite: they move the state and clear the outbox. Anything else leaves both as they were.
        """
        con, sync = self.con, self.definition
        con.execute("create or replace temp table exceptions (message_key varchar, status varchar, code varchar)")
        if exceptions:
            con.executemany("insert into exceptions values (?, ?, ?)", [(key, *one) for key, one in exceptions.items()])
        con.execute(
            f"""
            create or replace temp table outcomes as
            select p.*, coalesce(e.status, $status) as status,
                case when e.message_key is null then $code else e.code end as code
            from planned as p left join exceptions as e using (message_key) where {rows}
            """,
            {"status": status, "code": provider_code},
        )
        con.execute("begin")
        self._write_rows(batch_key, attempts)
        self._move_state()
        if batch_key is not None and status in (SUCCEEDED, REJECTED):
            con.execute("delete from sync_outbox where sync_id = $sync", {"sync": sync.name})
        con.execute("commit")
        con.execute("insert into settled select message_key, status from outcomes")

    def _write_rows(self, batch_key: str | None, attempts: int) -> None:
        audience = self.definition.audience
        self.con.execute(
            "delete from sync_rows where run_id = $run and sync_id = $sync "
            "and message_key in (select message_key from outcomes)",
            {"run": self.run_id, "sync": self.definition.name},
        )
        self.con.execute(
            """
            insert into sync_rows
            select $run, $sync, $audience, $destination, $channel, $purpose, customer_id, operation, status,
                reason, code, message_key, payload_hash, $batch, case when is_silent then 0 else $attempts end,
                case when status = 'succeeded' then $as_of end, $now
            from outcomes
            """,
            {
                "run": self.run_id,
                "sync": self.definition.name,
                "audience": audience.name,
                "destination": self.definition.sync.destination,
                "channel": audience.channel,
                "purpose": audience.purpose,
                "batch": batch_key,
                "attempts": attempts,
                "as_of": self.as_of,
                "now": datetime.now(UTC).replace(tzinfo=None),
            },
        )

    def _move_state(self) -> None:
        self.con.execute(
            """
            create or replace temp table moved as
            select k.* exclude (sync_id, destination_id, customer_id), o.customer_id, o.operation, o.status as outcome,
                o.payload_hash as new_hash, o.sent_key as new_key
            from outcomes as o
            left join (select * from sync_state where sync_id = $sync) as k on k.customer_id = o.customer_id
            where o.status in ('succeeded', 'rejected')
            """,
            {"sync": self.definition.name},
        )
        self.con.execute(
            "delete from sync_state where sync_id = $sync and customer_id in (select customer_id from moved)",
            {"sync": self.definition.name},
        )
        self.con.execute(
            """
            insert into sync_state
            select $sync, $destination, customer_id,
                case when outcome = 'rejected' and operation = 'add' then 'refused'
                    when outcome = 'rejected' then coalesce(status, 'refused')
                    when operation = 'remove' then 'removed' else 'member' end,
                case when outcome = 'rejected' then payload_hash when operation <> 'remove' then new_hash end,
                case when outcome = 'rejected' then sent_key when operation <> 'remove' then new_key end,
                case when outcome = 'rejected' then new_hash end,
                case when outcome <> 'rejected' then 0
                    when run_id = $run then greatest(failure_count, 1) else coalesce(failure_count, 0) + 1 end,
                coalesce(outcome_count, 0) + 1,
                case when outcome = 'rejected' then first_sent_at else coalesce(first_sent_at, $as_of) end,
                case when outcome = 'rejected' or operation = 'remove' then last_sent_at else $as_of end,
                $run
            from moved
            """,
            {
                "sync": self.definition.name,
                "destination": self.definition.sync.destination,
                "as_of": self.as_of,
                "run": self.run_id,
            },
        )
