"""Compare what a destination should hold with what it confirmed, and plan the difference.

State is per sync and customer. A removal names the key that was sent, never the one the person has today. Who was sent
and not answered for counts as there when they should leave, and as absent when they should be there. The message key of
a row is derived from its content and from how many outcomes the row has had: sending again after a crash repeats the
key, so the receiver counts it once; sending after a definite answer, or after leaving and coming back, does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from activation.outcomes import UNANSWERED
from activation.selection import CONSENT_REASONS, OPT_OUT_REASONS
from workspace.errors import UnavistaError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from activation.loading import SyncDefinition


@dataclass(frozen=True)
class Plan:
    """The size of a plan; its rows stand in the temp table `planned`."""

    eligible: int
    members: int
    reasons: dict[str, int]
    planned: dict[str, int]
    stopped_by: str | None

    @property
    def to_send(self) -> int:
        """Return the number of people to be added or changed; eligible is this and all reasons."""
        return self.planned["add"] + self.planned["change"]


def plan_rows(con: DuckDBPyConnection, definition: SyncDefinition, as_of: datetime, *, trust: bool = False) -> Plan:
    """Fill the temp table `planned` and return its size; with `trust` the circuit breakers do not stop the sync.

    `planned`: customer_id, operation (add, change, remove), reason, payload, payload_hash, sent_key, message_key, phase
    (1 removals, 2 the rest), is_silent (a removal whose key someone else still needs: recorded, not sent).
    """
    _decide(con, definition, as_of)
    stopped_by = None if trust else _breaker(con, definition)
    if stopped_by:
        con.execute(f"delete from decided where not (operation = 'remove' and {OPT_OUT_REASONS})")
        con.execute("update selection set reason = 'stopped' where is_eligible and reason is null")
    _number(con, definition)
    return _measure(con, stopped_by)


def _decide(con: DuckDBPyConnection, definition: SyncDefinition, as_of: datetime) -> None:
    sync = definition.sync
    stale = as_of - timedelta(days=sync.refresh_after_days) if sync.refresh_after_days else None
    changes = "true" if sync.behaviour != "add_only" else "false"
    leaves = "true" if sync.behaviour == "mirror" else f"(reason = 'merged' or {CONSENT_REASONS})"
    con.execute(
        # who was sent and not answered for may be there: left out, they would stay when they should leave
        f"create or replace temp table known as select *, status in ('member', '{UNANSWERED}') as is_there "
        "from sync_state where sync_id = $sync",
        {"sync": definition.name},
    )
    con.execute(
        f"""
        create or replace temp table wanted as
        select p._customer_id as customer_id, p._payload as payload, p._payload_hash as payload_hash, p._key as new_key,
            k.sent_key, coalesce(k.outcome_count, 0) as outcome_count,
            case
                when coalesce(k.failure_count, 0) >= $attempts and k.attempted_hash = p._payload_hash then 'resting'
                when not coalesce(k.is_there, false) then 'add'
                when k.sent_key <> p._key and {changes} then 'move'
                when k.status = '{UNANSWERED}' then 'add'
                when k.payload_hash is distinct from p._payload_hash and {changes} then 'change'
                when k.last_sent_at < cast($stale as timestamp) then 'refresh'
                else 'skipped_same'
            end as decision
        from payloads as p left join known as k on k.customer_id = p._customer_id
        """,
        {"attempts": sync.max_attempts, "stale": stale},
    )
    con.execute(
        f"""
        create or replace temp table decided as
        select customer_id, decision as reason, payload, payload_hash, new_key as sent_key, outcome_count,
            case when decision in ('add', 'move') then 'add' else 'change' end as operation
        from wanted where decision in ('add', 'move', 'change', 'refresh')
        union all
        select customer_id, 'key_changed', null, null, sent_key, outcome_count, 'remove'
        from wanted where decision = 'move'
        union all
        select s.customer_id, s.reason, null, null, k.sent_key, k.outcome_count, 'remove'
        from selection as s join known as k on k.customer_id = s.customer_id and k.is_there
        where s.reason is not null and {leaves}
        """
    )
    con.execute(
        "update selection set reason = w.decision from wanted as w "
        "where w.customer_id = selection.customer_id and w.decision in ('resting', 'skipped_same')"
    )


def _breaker(con: DuckDBPyConnection, definition: SyncDefinition) -> str | None:
    members, removals, changes = con.execute(
        f"""
        select (select count(*) from known where status = 'member'),
            count(*) filter (where operation = 'remove' and reason <> 'key_changed' and not {OPT_OUT_REASONS}),
            count(*) filter (where reason in ('change', 'move'))
        from decided
        """
    ).fetchall()[0]
    sync = definition.sync
    for done, count, most in (
        ("remove", removals, sync.max_remove_percent),
        ("change", changes, sync.max_change_percent),
    ):
        if members and 100 * count > most * members:
            return (
                f"would {done} {count} of {members} members, more than max_{done}_percent allows ({most:g} %); "
                "only opt-outs were removed"
            )
    return None


def _number(con: DuckDBPyConnection, definition: SyncDefinition) -> None:
    # An add that follows the removal of the same person's old key is the outcome after it.
    con.execute(
        """
        create or replace temp table planned as
        select customer_id, operation, reason, payload, payload_hash, sent_key,
            case when operation = 'remove' then 1 else 2 end as phase,
            operation = 'remove' and sent_key in (select new_key from wanted) as is_silent,
            sha256(concat_ws(chr(31), $sync, customer_id, operation, coalesce(payload_hash, sent_key),
                cast(outcome_count + case when reason = 'move' then 1 else 0 end as varchar))) as message_key
        from decided
        """,
        {"sync": definition.name},
    )


def _measure(con: DuckDBPyConnection, stopped_by: str | None) -> Plan:
    eligible = con.execute("select count(*) filter (where is_eligible) from selection").fetchall()[0][0]
    members = con.execute("select count(*) from known where status = 'member'").fetchall()[0][0]
    reasons = dict(
        con.execute(
            "select reason, count(*) from selection where is_eligible and reason is not null group by 1 order by 1"
        ).fetchall()
    )
    counts = dict(con.execute("select operation, count(*) from planned group by 1").fetchall())
    planned = {operation: counts.get(operation, 0) for operation in ("add", "change", "remove")}
    plan = Plan(eligible, members, reasons, planned, stopped_by)
    if plan.eligible != sum(plan.reasons.values()) + plan.to_send:
        raise UnavistaError(
            f"the counts do not add up: {plan.eligible} eligible, {sum(plan.reasons.values())} with a reason, "
            f"{plan.to_send} to be sent; nothing was sent"
        )
    return plan
