"""Permission to contact: consent by purpose and channel, suppressions, and addresses that someone else said no for.

Everything fails closed: without a record there is no consent, and what is not understood counts against contacting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from activation.configuration import Audience, Policy
from workspace.sql import quote_literal

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
CONTACT_POINTS = {
    "email": "lower(contacts.email)",
    "sms": "contacts.phone",
    "whatsapp": "contacts.phone",
    "phone": "contacts.phone",
}


@dataclass(frozen=True)
class Stages:
    """Everything the stages need to know about one audience on one consent channel."""

    audience: Audience
    consent_channel: str
    policy: Policy
    as_of: datetime


def read_consents(con: DuckDBPyConnection, stages: Stages) -> None:
    """Fill the temp table `consents` (customer_id, reason: null when granted) from the published permissions.

    What decisions amount to is settled in `dim_customer_permissions`, once for everyone who asks. Here the policy may
    ask for a legal basis as well; a status that is not known counts as a no, and no row as no consent.
    """
    bases = stages.policy.legal_bases.get(stages.audience.purpose)
    accepted = "true" if bases is None else f"list_has_any(string_split(legal_bases, ','), [{_literals(bases)}])"
    con.execute(
        f"""
        create or replace temp table consents as
        select customer_id,
            case
                when status is distinct from 'granted' then 'consent_revoked'
                when not coalesce({accepted}, false) then 'legal_basis_not_accepted'
            end as reason
        from published.marts.dim_customer_permissions
        where consent_channel = $channel and purpose = $purpose
        """,
        {"channel": stages.consent_channel, "purpose": stages.audience.purpose},
    )


def collect_suppressions(con: DuckDBPyConnection, stages: Stages) -> None:
    """Fill the temp table `suppressed` (customer_id, reason), without what the policy exempts for the purpose."""
    exempt = stages.policy.exempt_suppressions.get(stages.audience.purpose, [])
    con.execute(
        "create or replace temp table suppressed as "
        "select customer_id, 'suppressed_' || min(coalesce(reason, 'unknown')) as reason "
        "from published.marts.dim_customer_suppressions "
        f"where consent_channel in ($channel, 'all') and coalesce(reason not in ({_literals(exempt)}), true) "
        "group by customer_id",
        {"channel": stages.consent_channel},
    )


def collect_opted_out_contacts(con: DuckDBPyConnection, stages: Stages) -> None:
    """Fill `opted_out_contacts` (contact): addresses whose holder, perhaps another customer, said no."""
    point = CONTACT_POINTS.get(stages.consent_channel)
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


def _literals(words: Sequence[str]) -> str:
    return ", ".join(quote_literal(word) for word in words) or "null"
