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
COLUMNS = (
    "name_key", "given_key", "family_key", "full_key", "birth_date", "document", "email", "email_user", "phone",
    "phone_end", "postal_code", "street_number", "street", "city", "given_start", "family_start", "birth_year",
    "birth_month",
)  # fmt: skip
"""What comparisons and blocks may read of a profile, all of it text."""


def create_scorable(con: DuckDBPyConnection, scoring: Scoring, *, touched: str | None = None) -> None:
    """Create `scorable` (profile, and COLUMNS): the profiles that take part, values that a guard blocks left out.

    Whether a profile takes part is told by the profile alone. Street and city are those of the record that gives the
    profile its number. `touched` names a table (profile) and fills `scorable_touched` with the participants in it.
    """
    takes_part = "p.name_key is not null"
    if scoring.scope == "weak":
        takes_part += f" and not {IS_VERIFIED}"
    con.execute(
        f"""
        create or replace temp table scorable as
        with blocked as (select kind, value from guards where decision = 'blocked')
        select
            p.profile,
            p.name_key,
            p.given_key,
            p.family_key,
            case when p.family_key is not null then p.given_key || ' ' || p.family_key end as full_key,
            cast(p.birth_date as VARCHAR) as birth_date,
            case when d.value is null then p.document_number end as document,
            case when e.value is null then p.email_key end as email,
            case when e.value is null then split_part(p.email_key, '@', 1) end as email_user,
            case when t.value is null then coalesce(p.phone_key, p.local_key) end as phone,
            case when t.value is null then right(coalesce(p.phone_key, p.local_key), 8) end as phone_end,
            p.postal_code,
            p.street_number,
            {_plain("r.street")} as street,
            {_plain("r.city")} as city,
            p.given_key[1:3] as given_start,
            p.family_key[1:3] as family_start,
            cast(year(p.birth_date) as VARCHAR) as birth_year,
            strftime(p.birth_date, '%Y-%m') as birth_month
        from profiles p
        join records r on r.rid = p.profile
        left join blocked d on d.kind = 'document' and d.value = p.document_number
        left join blocked e on e.kind = 'email' and e.value = p.email_key
        left join blocked t on t.kind = 'phone' and t.value = p.phone_key
        where {takes_part}
        """
    )
    if touched is not None:
        con.execute(
            f"create or replace temp table scorable_touched as "
            f"select s.* from scorable s semi join {touched} t on t.profile = s.profile"
        )


def verified_share(con: DuckDBPyConnection) -> float:
    """Return the share of the named profiles that carry an identifier rules can trust."""
    row = con.execute(f"select avg(({IS_VERIFIED})::INTEGER) from profiles p where p.name_key is not null").fetchall()
    return float(row[0][0] or 0)


def _plain(column: str) -> str:
    return f"nullif(trim(regexp_replace(lower(strip_accents({column})), '[^a-z0-9]+', ' ', 'g')), '')"
