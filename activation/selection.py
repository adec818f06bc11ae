"""Decide for each person whether they may be contacted, and if not, the first reason why.

The stages stand in the order eligible, consent, suppression, contactability, hold-out, frequency cap, limit. Each adds
one small temp table; the last query gives every person one row in the temp table `selection`, so that the counts add up
by construction. Members of the destination who are no longer eligible pass through the same stages: why they must leave
decides whether the circuit breaker may keep them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from activation.configuration import Audience, Policy
from workspace.sql import quote_identifier, quote_literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

EMAIL_PATTERN = "^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$"
E164_PATTERN = "^\\+[1-9][0-9]{6,14}$"
_EMAIL = f"contacts.email is not null and regexp_matches(contacts.email, '{EMAIL_PATTERN}')"
_PHONE = f"contacts.phone is not null and regexp_matches(contacts.phone, '{E164_PATTERN}')"
_MOBILE = f"{_PHONE} and coalesce(contacts.phone_is_mobile, false)"
_POSTAL = "contacts.street is not null and contacts.postal_code is not null"
# What must be known to reach someone; other consent channels address the person by customer_id.
CONTACT_RULES = {
    "email": (_EMAIL, "no_valid_email"),
    "sms": (_MOBILE, "no_valid_mobile"),
    "whatsapp": (_MOBILE, "no_valid_mobile"),
    "phone": (_PHONE, "no_valid_phone"),
    "mail": (_POSTAL, "no_postal_address"),
    "ads": (f"({_EMAIL}) or ({_PHONE})", "no_valid_email_or_phone"),
    "social": (f"({_EMAIL}) or ({_PHONE})", "no_valid_email_or_phone"),
}
_CONTACT_POINT = {
    "email": "lower(contacts.email)",
    "sms": "contacts.phone",
    "whatsapp": "contacts.phone",
    "phone": "contacts.phone",
}
# The person or the address itself said no: these leave every destination, whatever the circuit breaker thinks.
OPT_OUT_REASONS = "(reason = 'consent_revoked' or reason = 'shared_contact_opted_out' or reason like 'suppressed_%')"
# Without these a person may not stay at a destination, whatever the behaviour of the sync.
CONSENT_REASONS = f"({OPT_OUT_REASONS} or reason in ('no_consent_record', 'legal_basis_not_accepted'))"


@dataclass(frozen=True)
class Stages:
    """Everything the stages need to know about one audience on one consent channel."""

    audience: Audience
    consent_channel: str
    policy: Policy
    as_of: datetime

    @property
    def parameters(self) -> dict[str, object]:
        """Return the values that the stage queries bind."""
        return {"channel": self.consent_channel, "purpose": self.audience.purpose, "as_of": self.as_of}


def select_people(con: DuckDBPyConnection, stages: Stages, *, own_sends: bool) -> None:
    """Fill the temp table `selection`: customer_id, is_eligible, is_member, reason (null when to be kept or sent).

    Needs the attached `published` database and the temp tables `aliases` and `members` (customer_id). With `own_sends`
    the frequency cap also counts rows of `sync_rows` that have not come back as interactions yet.
    """
    _eligible(con, stages)
    _consents(con, stages)
    _suppressions(con, stages)
    _opted_out_contacts(con, stages)
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


def _consents(con: DuckDBPyConnection, stages: Stages) -> None:
    """Weigh the decisions on this channel and purpose, and on `all`.

    A revocation loses only to a later grant that is at least as specific: "everything" said later does not bring back
    someone who said no to e-mail. A decision without date counts against the person being contacted.
    """
    bases = stages.policy.legal_bases.get(stages.audience.purpose)
    accepted = "true" if bases is None else f"coalesce(g.legal_basis in ({_literals(bases)}), false)"
    con.execute(
        f"""
        create or replace temp table consents as
        with applicable as (
            select customer_id, status, decided_at, legal_basis,
                consent_channel <> 'all' as names_channel, purpose <> 'all' as names_purpose
            from published.marts.dim_customer_consents
            where consent_channel in ($channel, 'all') and purpose in ($purpose, 'all')
        ),
        grants as (select * from applicable where status = 'granted' and decided_at <= $as_of),
        refusals as (select * from applicable where status is distinct from 'granted'),
        standing as (
            select g.customer_id, bool_or({accepted}) as is_accepted
            from grants as g
            where not exists (
                select 1 from refusals as r
                where r.customer_id = g.customer_id and (
                    r.decided_at is null or r.decided_at >= g.decided_at
                    or (r.names_channel and not g.names_channel) or (r.names_purpose and not g.names_purpose)
                )
            )
            group by g.customer_id
        )
        select a.customer_id,
            case
                when any_value(s.is_accepted) then null
                when any_value(s.is_accepted) is not null then 'legal_basis_not_accepted'
                when bool_or(a.status is distinct from 'granted') then 'consent_revoked'
                else 'no_consent_record'
            end as reason
        from applicable as a left join standing as s using (customer_id)
        group by a.customer_id
        """,
        stages.parameters,
    )


def _suppressions(con: DuckDBPyConnection, stages: Stages) -> None:
    exempt = stages.policy.exempt_suppressions.get(stages.audience.purpose, [])
    con.execute(
        "create or replace temp table suppressed as "
        "select customer_id, 'suppressed_' || min(coalesce(reason, 'unknown')) as reason "
        "from published.marts.dim_customer_suppressions "
        f"where consent_channel in ($channel, 'all') and coalesce(reason not in ({_literals(exempt)}), true) "
        "group by customer_id",
        {"channel": stages.consent_channel},
    )


def _opted_out_contacts(con: DuckDBPyConnection, stages: Stages) -> None:
    """Collect addresses whose holder, perhaps another customer with the same e-mail or number, said no."""
    point = _CONTACT_POINT.get(stages.consent_channel)
    if point is None:
        con.execute("create or replace temp table opted_out_contacts as select null::varchar as contact where false")
        return
    con.execute(
        f"""
        create or replace temp table opted_out_contacts as
        select distinct {point} as contact from published.restricted.customer_contacts as contacts
        where {point} is not null and contacts.customer_id in (
            select customer_id from consents where reason = 'consent_revoked'
            union all
            select customer_id from suppressed
            where reason in ('suppressed_hard_bounce', 'suppressed_complaint', 'suppressed_unsubscribed')
        )
        """
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
            {"since": _before(stages.as_of, cap.days), "as_of": stages.as_of, "most": cap.max_contacts},
        )


def _before(instant: datetime, days: int) -> datetime:
    from datetime import timedelta

    return instant - timedelta(days=days)


def _first_reasons(con: DuckDBPyConnection, stages: Stages) -> None:
    rule, unreachable = CONTACT_RULES.get(stages.consent_channel, ("true", "unreachable"))
    point = _CONTACT_POINT.get(stages.consent_channel, "null::varchar")
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


def _literals(words: Sequence[str]) -> str:
    return ", ".join(quote_literal(word) for word in words) or "null"
