"""Decide for each person whether they may be contacted, and if not, the first reason why.

The stages stand in the order eligible, consent, suppression, contactability, hold-out, frequency cap, limit. Each adds
one small temp table; the last query gives every person one row in the temp table `selection`, so that the counts add up
by construction. Members of the destination who are no longer eligible pass through the same stages: why they must leave
decides whether the circuit breaker may keep them.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from activation.permissions import (
    CONTACT_POINTS,
    CONTACT_RULES,
    Stages,
    collect_opted_out_contacts,
    collect_suppressions,
    read_consents,
)
from workspace.sql import quote_identifier, quote_literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# The person or the address itself said no: these leave every destination, whatever the circuit breaker thinks.
OPT_OUT_REASONS = "(reason = 'consent_revoked' or reason = 'shared_contact_opted_out' or reason like 'suppressed_%')"
# Without these a person may not stay at a destination, whatever the behaviour of the sync.
CONSENT_REASONS = f"({OPT_OUT_REASONS} or reason in ('no_consent_record', 'legal_basis_not_accepted'))"


def select_people(con: DuckDBPyConnection, stages: Stages, *, own_sends: bool) -> None:
    """Fill the temp table `selection`: customer_id, is_eligible, is_member, reason (null when to be kept or sent).

    Needs the attached `published` database and the temp tables `aliases` and `members` (customer_id). With `own_sends`
    the frequency cap also counts rows of `sync_rows` that have not come back as interactions yet.
    """
    _eligible(con, stages)
    read_consents(con, stages)
    collect_suppressions(con, stages)
    collect_opted_out_contacts(con, stages)
    _controls(con, stages)
    _capped(con, stages, own_sends=own_sends)
    _first_reasons(con, stages)
    _limit(con, stages)


def _eligible(con: DuckDBPyConnection, stages: Stages) -> None:
    con.execute(
        "create or replace temp table eligible as select summary.customer_id "
        f"from published.marts.customer_360 as summary where ({stages.audience.where})"
    )
    con.execute(
        "create or replace temp table population as "
        "select customer_id, bool_or(is_eligible) as is_eligible, bool_or(not is_eligible) as is_member from ("
        "select customer_id, true as is_eligible from eligible union all select customer_id, false from members"
        ") group by customer_id"
    )


def _controls(con: DuckDBPyConnection, stages: Stages) -> None:
    """Assign the hold-out by hash: the same person falls on the same side in every run.

    The share is int(md5(salt:customer_id)[:8], 16) / 2^32. Someone merged from several ids is held out when any of
    those ids was: the strictest side, so that no one who was promised silence hears from us because of a merge.
    """
    holdout = stages.audience.holdout
    if holdout is None:
        con.execute("create or replace temp table controls as select null::varchar as customer_id where false")
        return
    con.execute(
        "create or replace temp table controls as select distinct customer_id from ("
        "select customer_id, customer_id as hashed_id from population union all "
        "select a.customer_id, a.retired_customer_id from aliases as a join population using (customer_id)) "
        f"where {holdout_share_sql(quote_literal(holdout.salt), 'hashed_id')} < $share",
        {"share": float(holdout.percent) / 100},
    )


def holdout_share_sql(salt: str, key: str) -> str:
    """Return the SQL of a person's place in [0, 1) for a salt (both SQL expressions)."""
    return f"cast('0x' || substr(md5({salt} || ':' || {key}), 1, 8) as ubigint) / 4294967296.0"


def _capped(con: DuckDBPyConnection, stages: Stages, *, own_sends: bool) -> None:
    """Collect people whose contacts in a rolling window reach a cap; a contact counts once however it is known."""
    con.execute("create or replace temp table capped (customer_id varchar)")
    for cap in stages.policy.frequency_caps:
        if stages.audience.purpose not in cap.purposes or cap.channel not in ("all", stages.audience.channel):
            continue
        channel = "true" if cap.channel == "all" else f"channel = {quote_literal(cap.channel)}"
        mine = (
            "union select r.customer_id, r.message_key from sync_rows as r where r.status = 'succeeded' "
            f"and r.operation = 'add' and {channel} and r.sent_at > $since and r.sent_at <= $as_of"
            if own_sends
            else ""
        )
        con.execute(
            f"""
            insert into capped
            select customer_id from (
                select customer_id, coalesce(source_interaction_id, interaction_id) as contact_key
                from published.marts.fct_interactions
                where direction = 'outbound' and customer_id is not null and {channel}
                    and occurred_at > $since and occurred_at <= $as_of
                {mine}
            ) group by customer_id having count(distinct contact_key) >= $most
            """,
            {"since": stages.as_of - timedelta(days=cap.days), "as_of": stages.as_of, "most": cap.max_contacts},
        )


def _first_reasons(con: DuckDBPyConnection, stages: Stages) -> None:
    rule, unreachable = CONTACT_RULES.get(stages.consent_channel, ("true", "unreachable"))
    point = CONTACT_POINTS.get(stages.consent_channel, "null::varchar")
    con.execute(
        f"""
        create or replace temp table selection as
        select
            p.customer_id, p.is_eligible, p.is_member,
            case
                when a.customer_id is not null then 'merged'
                when c.customer_id is null then 'no_consent_record'
                when c.reason is not null then c.reason
                when s.reason is not null then s.reason
                when o.contact is not null then 'shared_contact_opted_out'
                when not coalesce({rule}, false) then '{unreachable}'
                when h.customer_id is not null then 'held_out'
                when not p.is_eligible then 'left_audience'
                when k.customer_id is not null and not p.is_member then 'capped'
            end as reason
        from population as p
        left join consents as c on c.customer_id = p.customer_id
        left join suppressed as s on s.customer_id = p.customer_id
        left join published.restricted.customer_contacts as contacts on contacts.customer_id = p.customer_id
        left join opted_out_contacts as o on o.contact = {point}
        left join controls as h on h.customer_id = p.customer_id
        left join (select distinct customer_id from capped) as k on k.customer_id = p.customer_id
        left join (select distinct retired_customer_id as customer_id from aliases) as a
            on a.customer_id = p.customer_id and not p.is_eligible
        """
    )


def _limit(con: DuckDBPyConnection, stages: Stages) -> None:
    if stages.audience.limit is None:
        return
    order = ", ".join(
        f"summary.{quote_identifier(item.split()[0])} {[*item.split(), 'asc'][1]} nulls last"
        for item in stages.audience.order_by
    )
    con.execute(
        f"""
        update selection set reason = 'over_limit' where customer_id in (
            select customer_id from (
                select summary.customer_id, row_number() over (order by {order}, summary.customer_id) as place
                from published.marts.customer_360 as summary
                join selection on selection.customer_id = summary.customer_id
                where selection.reason is null
            ) where place > $most
        )
        """,
        {"most": stages.audience.limit},
    )
