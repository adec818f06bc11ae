"""Decide which identifier values are common property: by pattern, by a person's word, and by how many people share
them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from identity.hashing import value_number
from workspace.sql import quote_literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from identity.configuration import IdentityConfig

_OTHER_CONTACT = {"email": "coalesce(phone_key, local_key)", "phone": "email_key", "local_number": "email_key"}


def create_guards(con: DuckDBPyConnection, config: IdentityConfig) -> None:
    """Create `guards` (kind, value, block, counts, limit, decision, reason) and `shared_values` (kind, block,
    profile_count) from `holdings`.

    Every decision is a function of one value's posting list alone, so that a later run can redo just the values it
    touches, in both directions. Counting comes first; names are read only for values held by more profiles than the
    limit. `shared_values` are the values held by several profiles and blocked by nobody: the only ones that can link.
    """
    con.execute(
        """
        create or replace temp table value_counts as
        select any_value(kind) as kind, block, count(*) as profile_count
        from holdings where not is_placeholder group by block having count(*) > 1
        """
    )
    _create_overrides(con, config)
    _create_counted(con, config)
    con.execute(
        """
        create or replace temp table guards as
        with judged as (
            select
                c.*,
                o.decision as asked,
                o.reason as why,
                case
                    when name_count > max_names then 'names'
                    when document_count > max_documents then 'documents'
                    when contact_count > max_contacts then 'contacts'
                end as excess
            from counted c
            left join overrides o on o.kind = c.kind and o.value = c.value
        )
        select
            kind,
            value,
            block,
            record_count,
            name_count as distinct_name_count,
            cast(case excess when 'documents' then max_documents when 'contacts' then max_contacts else max_names end
                as BIGINT) as limit_count,
            case when asked = 'allow' then 'allowed' else 'blocked' end as decision,
            case
                when asked is not null then 'override: ' || why
                when excess = 'names' then 'shared by ' || name_count || ' given names'
                when excess = 'documents' then 'shared by ' || document_count || ' documents'
                else 'shared by ' || contact_count || ' other contacts'
            end as reason
        from judged
        where asked is not null or excess is not null
        union all
        select kind, value, block, cast(sum(record_count) as BIGINT), 0, 0, 'blocked', 'pattern' from holdings
        where is_placeholder group by kind, value, block
        """
    )
    con.execute(
        """
        create or replace temp table shared_values as
        select v.* from value_counts v
        anti join (select block from guards where decision = 'blocked') g on g.block = v.block
        """
    )


def _create_overrides(con: DuckDBPyConnection, config: IdentityConfig) -> None:
    con.execute(
        "create or replace temp table overrides (kind VARCHAR, value VARCHAR, decision VARCHAR, reason VARCHAR)"
    )
    rows = [[one.identifier, one.value, one.decision, f"{one.reason} ({one.by})"] for one in config.overrides]
    if rows:
        con.executemany("insert into overrides values (?, ?, ?, ?)", rows)


def _create_counted(con: DuckDBPyConnection, config: IdentityConfig) -> None:
    """Create `counted`: people, documents and contacts behind the values that could exceed a limit or were asked
    about."""
    limits = ", ".join(
        f"({quote_literal(kind)}, {guard.max_names}, {guard.max_documents}, {guard.max_contacts})"
        for kind, guard in sorted(config.guards.items())
    )
    # few values are counted: their holders are gathered first, or all profiles would be hashed to look them up
    con.execute(
        f"""
        create or replace temp table counted_holdings as
        with limits as (
            select * from (values {limits}) as l (kind, max_names, max_documents, max_contacts)
        ),
        hot as (
            select v.block from value_counts v join limits l on l.kind = v.kind
            where v.profile_count > least(l.max_names, l.max_documents, l.max_contacts)
            union
            select {value_number("kind", "value")} from overrides
        )
        select h.kind, h.value, h.block, h.profile, l.max_names, l.max_documents, l.max_contacts
        from holdings h
        semi join hot on hot.block = h.block
        join limits l on l.kind = h.kind
        where not h.is_placeholder
        """
    )
    con.execute(
        """
        create or replace temp table holders as
        select
            profile, record_count, given_key, document_number, document_is_valid, document_is_company, email_key,
            phone_key, local_key
        from profiles where profile in (select profile from counted_holdings)
        """
    )
    contact = " ".join(f"when {quote_literal(kind)} then {column}" for kind, column in _OTHER_CONTACT.items())
    con.execute(
        f"""
        create or replace temp table counted as
        select
            h.kind,
            h.value,
            h.block,
            any_value(h.max_names) as max_names,
            any_value(h.max_documents) as max_documents,
            any_value(h.max_contacts) as max_contacts,
            cast(sum(p.record_count) as BIGINT) as record_count,
            count(distinct p.given_key) filter (where length(p.given_key) > 1) as name_count,
            count(distinct p.document_number) filter (where p.document_is_valid and h.kind <> 'document')
                as document_count,
            count(distinct case h.kind {contact} end) filter (where p.given_key is null) as contact_count
        from counted_holdings h
        join holders p on p.profile = h.profile
        left join overrides o on o.kind = h.kind and o.value = h.value
        -- one company's number is used by all of its people: names say nothing against it
        where o.value is not null or not (h.kind = 'document' and p.document_is_company)
        group by h.kind, h.value, h.block
        """
    )
    con.execute("drop table counted_holdings")
    con.execute("drop table holders")
