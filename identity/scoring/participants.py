"""Choose the profiles that are scored, and lay out what the comparisons read of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from identity.configuration import Scoring

IS_VERIFIED = (
    "(p.document_is_valid or p.phone_key is not null or p.loyalty_card_key is not null or p.account_key is not null)"
)
"""SQL that tells whether a profile `p` carries an identifier that rules can trust: it has check digits, was dialled, or
was handed out by the company. Text that people type, an e-mail among it, is no such identifier."""
IS_TELLING = (
    "(p.name_key is not null or (p.birth_date is not null "
    "and coalesce(p.email_key, p.phone_key, p.local_key, p.document_number) is not null))"
)
"""SQL that tells whether a profile `p` says enough of a person to be weighed: a name, or both a birth date and an
identifier. Either of the two alone would join whoever shares it, with no name to hold them apart."""
COLUMNS = (
    "name_key", "given_key", "family_key", "full_key", "birth_date", "document", "email", "email_user", "phone",
    "phone_end", "postal_code", "street_number", "street", "city", "given_start", "family_start", "birth_year",
    "birth_month",
)  # fmt: skip
"""What comparisons and blocks may read of a profile, all of it text."""


GUARDED = {"document": "p.document_number", "email": "p.email_key", "phone": "p.phone_key"}
"""Kinds of identifiers that guards may block, and SQL for each of a profile `p`."""
DERIVED = {
    "full_key": "case when family_key is not null then given_key || ' ' || family_key end",
    "email_user": "split_part(email, '@', 1)",
    "phone_end": "right(phone, 8)",
    "given_start": "given_key[1:3]",
    "family_start": "family_key[1:3]",
    "birth_year": "cast(year(cast(birth_date as DATE)) as VARCHAR)",
    "birth_month": "strftime(cast(birth_date as DATE), '%Y-%m')",
}
"""SQL for the columns that follow from others."""


def create_scorable(con: DuckDBPyConnection, scoring: Scoring) -> None:
    """Create `scorable` (profile, and COLUMNS): the profiles that take part, values that a guard blocks left out.

    Whether a profile takes part is told by the profile alone. Street and city are those of the record that gives the
    profile its number.
    """
    takes_part = IS_TELLING
    if scoring.scope == "weak":
        takes_part += f" and not {IS_VERIFIED}"
    blocked = " ".join(
        f"left join blocked blocked_{kind} on blocked_{kind}.kind = '{kind}' and blocked_{kind}.value = {value}"
        for kind, value in GUARDED.items()
    )
    derived = ", ".join(f"{sql} as {name}" for name, sql in DERIVED.items())
    con.execute(
        f"""
        create or replace temp table scorable as
        with blocked as (select kind, value from guards where decision = 'blocked'),
        read as (
            select
                p.profile,
                p.name_key,
                p.given_key,
                p.family_key,
                cast(p.birth_date as VARCHAR) as birth_date,
                case when blocked_document.value is null then p.document_number end as document,
                case when blocked_email.value is null then p.email_key end as email,
                case when blocked_phone.value is null then coalesce(p.phone_key, p.local_key) end as phone,
                p.postal_code,
                p.street_number,
                {plain("r.street")} as street,
                {plain("r.city")} as city
            from profiles p
            join records r on r.rid = p.profile
            {blocked}
            where {takes_part}
        )
        select *, {derived} from read
        """
    )


def verified_share(con: DuckDBPyConnection) -> float:
    """Return the share of the named profiles that carry an identifier rules can trust."""
    row = con.execute(f"select avg(({IS_VERIFIED})::INTEGER) from profiles p where p.name_key is not null").fetchall()
    return float(row[0][0] or 0)


def plain(column: str) -> str:
    """Return SQL for a text without case, accents and marks."""
    return f"nullif(trim(regexp_replace(lower(strip_accents({column})), '[^a-z0-9]+', ' ', 'g')), '')"
