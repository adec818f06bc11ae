"""Decide which identifier values are common property: by pattern, by a person's word, and by how many people share them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workspace.sql import quote_literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from identity.configuration import IdentityConfig

_OTHER_CONTACT = {"email": "coalesce(phone_key, local_key)", "phone": "email_key", "local_number": "email_key"}


def create_guards(con: DuckDBPyConnection, config: IdentityConfig) -> None:
    """Create `guards` (kind, value, counts, limit, decision, reason) and `shared_values` (kind, value, profile_count).

    Every decision is a function of one value's posting list alone, so that a later run can redo just the values it
    touches, in both directions. Counting comes first; names are read only for values held by more profiles than the limit.
    `shared_values` are the values held by several profiles and blocked by nobody: the only ones that can link.
    """
    con.execute(
        "create or replace temp table value_counts as select kind, value, count(*) as profile_count from holdings "
        "group by kind, value having count(*) > 1"
    )
    con.execute(_overrides(config))
    con.execute(f"create or replace temp table guards as {_decisions(config)}")
    con.execute(
        "create or replace temp table shared_values as select v.* from value_counts v anti join "
        "(select kind, value from guards where decision = 'blocked') g on g.kind = v.kind and g.value = v.value"
    )


def _overrides(config: IdentityConfig) -> str:
    rows = ", ".join(
        "("
        + ", ".join(
            quote_literal(text) for text in (one.identifier, one.value, one.decision, f"{one.reason} ({one.by})")
        )
        + ")"
        for one in config.overrides
    )
    source = f"values {rows}" if rows else "select cast(null as VARCHAR), '', '', '' where false"
    return f"create or replace temp table overrides as select * from ({source}) as o (kind, value, decision, reason)"


def _decisions(config: IdentityConfig) -> str:
    limits = " ".join(
        f"when {quote_literal(kind)} then {guard.max_names}" for kind, guard in sorted(config.guards.items())
    )
    documents = " ".join(f"when {quote_literal(k)} then {g.max_documents}" for k, g in sorted(config.guards.items()))
    contacts = " ".join(f"when {quote_literal(k)} then {g.max_contacts}" for k, g in sorted(config.guards.items()))
    other = " ".join(f"when {quote_literal(kind)} then {column}" for kind, column in _OTHER_CONTACT.items())
    lowest = " ".join(
        f"when {quote_literal(kind)} then {min(guard.max_names, guard.max_documents, guard.max_contacts)}"
        for kind, guard in sorted(config.guards.items())
    )
    return (
        "with limits as (select *, "
        f"case kind {limits} end as max_names, case kind {documents} end as max_documents, case kind {contacts} end as max_contacts "
        f"from value_counts where profile_count > case kind {lowest} end "
        "or (kind, value) in (select (kind, value) from overrides)), "
        "counted as (select h.kind, h.value, any_value(l.max_names) as max_names, any_value(l.max_documents) as max_documents, "
        "any_value(l.max_contacts) as max_contacts, cast(sum(p.record_count) as BIGINT) as record_count, "
        "count(distinct p.given_key) filter (where length(p.given_key) > 1) as name_count, "
        "count(distinct p.document_number) filter (where p.document_is_valid and h.kind <> 'document') as document_count, "
        f"count(distinct case h.kind {other} end) filter (where p.given_key is null) as contact_count "
        "from holdings h join limits l on l.kind = h.kind and l.value = h.value join profiles p on p.profile = h.profile "
        # one company's number is used by all of its people: names say nothing against it
        "where not (h.kind = 'document' and p.document_is_company) group by h.kind, h.value), "
        "judged as (select c.*, o.decision as asked, o.reason as why, case when name_count > max_names then 'names' "
        "when document_count > max_documents then 'documents' when contact_count > max_contacts then 'contacts' end as excess "
        "from counted c left join overrides o on o.kind = c.kind and o.value = c.value) "
        "select kind, value, record_count, name_count as distinct_name_count, "
        "cast(case excess when 'documents' then max_documents when 'contacts' then max_contacts else max_names end as BIGINT) as limit_count, "
        "case when asked = 'block' then 'blocked' when asked = 'allow' then 'allowed' else 'blocked' end as decision, "
        "case when asked is not null then 'override: ' || why when excess = 'names' then 'shared by ' || name_count || ' given names' "
        "when excess = 'documents' then 'shared by ' || document_count || ' documents' "
        "else 'shared by ' || contact_count || ' other contacts' end as reason "
        "from judged where asked is not null or excess is not null "
        "union all select kind, value, cast(record_count as BIGINT), 0, 0, 'blocked', 'pattern' from pattern_blocks "
        "union all select o.kind, o.value, cast(1 as BIGINT), 1, 1, 'blocked', 'override: ' || o.reason from overrides o "
        "where o.decision = 'block' and (o.kind, o.value) not in (select (kind, value) from value_counts) "
        "and (o.kind, o.value) in (select (kind, value) from holdings)"
    )
