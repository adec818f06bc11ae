"""Turn rules into SQL joins over profiles: an edge is a pair of profiles, a rule, and the value they share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from identity.rule_conditions import CONDITIONS
from workspace.sql import quote_literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from identity.configuration import IdentityConfig, Rule

HOLDING_KINDS = (
    "account", "customer_reference", "device", "document", "email", "local_number", "loyalty_card", "phone",
)  # fmt: skip
MAX_PAIRED_PROFILES = 60
"""Profiles of one value that are compared pair by pair; past it each is compared with the first of each given name."""
MAX_BLOCK_PROFILES = 60
"""Profiles that may share a name and a place or date before the coincidence says nothing."""
LANDLINE = r"\+55[1-9][1-9][2-5][0-9]{7}|\+3512[0-9]{8}|\+34[89][0-9]{8}"
_KEY_COLUMNS = {"given_name": "given_key", "family_name": "family_key"}
_ALWAYS = ("given_key", "birth_date", "document", "document_kind", "document_is_company")
_FOLLOWS_NOBODY = ("device", "local_number")


def create_edges(con: DuckDBPyConnection, config: IdentityConfig) -> None:
    """Create `edges` (left_profile < right_profile, rule, kind, value) for all enabled rules, and `ambiguous_values`.

    `rule` is the position in `config.active_rules`. A rule on an identifier joins profiles that both have a name;
    nameless ones follow the name that most records of the value carry, so that they never bridge two people.
    """
    _create_comparable(con)
    con.execute(
        """
        create or replace temp table edges (
            left_profile INTEGER, right_profile INTEGER, rule UTINYINT, kind VARCHAR, value VARCHAR
        )
        """
    )
    con.execute(
        """
        create or replace temp table ambiguous_values (
            kind VARCHAR, value VARCHAR, record_count BIGINT, name_count BIGINT
        )
        """
    )
    rules = list(enumerate(config.active_rules))
    for kind in HOLDING_KINDS:
        about = [(position, rule) for position, rule in rules if kind in rule.on]
        if about:
            _create_members(con, kind, [rule for _, rule in about])
            for position, rule in about:
                con.execute(f"insert into edges {_holding_edges(rule, position, kind)}")
            if kind not in _FOLLOWS_NOBODY:
                _add_nameless_edges(con, kind, about, config.nameless_share)
    for position, rule in rules:
        if not set(HOLDING_KINDS) & set(rule.on):
            con.execute(f"insert into edges {_block_edges(rule, position)}")
    con.execute("drop table members")


def _create_comparable(con: DuckDBPyConnection) -> None:
    """Create `comparable`: what rules read of a profile, blocked documents set aside."""
    con.execute(
        """
        create or replace temp table comparable as
        with blocked as (select value from guards where kind = 'document' and decision = 'blocked')
        select
            p.profile,
            p.record_count,
            p.given_key,
            p.family_key,
            p.middle_key,
            p.suffix_key,
            p.name_key,
            p.nicknames,
            p.birth_date,
            case when p.document_is_valid and b.value is null then p.document_number end as document,
            p.document_kind,
            p.document_is_company,
            case when not p.document_is_valid and length(p.document_number) >= 8 and b.value is null
                then p.document_number end as unverified_document,
            p.phone_key is null and p.local_key is not null as lacks_area_code,
            p.postal_code,
            p.street_number
        from profiles p
        left join blocked b on b.value = p.document_number
        """
    )


def _create_members(con: DuckDBPyConnection, kind: str, rules: list[Rule]) -> None:
    """Create `members`: one row per shared value and profile, with just what the rules on it compare.

    A lead is a profile that all others of the value are compared with: everyone while they are few, else the first of
    each given name, so that a value with a thousand profiles costs a thousand pairs and not half a million.
    """
    text = " ".join(CONDITIONS[name] for rule in rules for name in rule.when)
    read = (
        set(re.findall(r"\ba\.([a-z_]+)", text)) | {column for rule in rules for column in _columns(rule)} | {*_ALWAYS}
    )
    columns = "".join(f", c.{name}" for name in sorted(read - {kind, "is_landline"} | {*_ALWAYS}))
    landline = f"regexp_full_match(h.value, {quote_literal(LANDLINE)})" if kind == "phone" else "false"
    con.execute(
        f"""
        create or replace temp table members as
        select
            h.value,
            c.profile,
            c.record_count,
            {landline} as is_landline,
            v.profile_count <= {MAX_PAIRED_PROFILES} as is_lead{columns}
        from holdings h
        join shared_values v on v.kind = h.kind and v.value = h.value
        join comparable c on c.profile = h.profile
        where h.kind = {quote_literal(kind)} and v.kind = {quote_literal(kind)}
            and (h.kind <> 'document' or c.document = h.value)
        """
    )
    con.execute(
        """
        update members set is_lead = true
        where not is_lead and (value, profile) in (
            select (value, min(profile)) from members where not is_lead group by value, given_key
        )
        """
    )


def _holding_edges(rule: Rule, position: int, kind: str) -> str:
    extra = "".join(f" and a.{key} = b.{key}" for key in _columns(rule) if key != kind)
    conditions = "".join(f" and {CONDITIONS[name]}" for name in rule.when)
    return f"""
        select
            least(a.profile, b.profile), greatest(a.profile, b.profile), {position}, {quote_literal(kind)}, a.value
        from members a
        join members b on a.value = b.value
        where b.is_lead and a.profile <> b.profile and (a.profile < b.profile or not a.is_lead)
            and a.given_key is not null and b.given_key is not null{extra}{conditions}
        """


def _add_nameless_edges(con: DuckDBPyConnection, kind: str, about: list[tuple[int, Rule]], share: float) -> None:
    """Let each nameless profile of a value follow the given name that holds most of its records.

    Without such a majority they follow nobody: the value goes to `ambiguous_values`. Only a document still joins the
    nameless among themselves, for it names one person even when the names beside it differ.
    """
    people = next((place for place, rule in about if "companies_only" not in rule.when), about[0][0])
    company = next((place for place, rule in about if "companies_only" in rule.when), people)
    con.execute(
        f"""
        create or replace temp table followed as
        with nameless as (
            select value, min(profile) as lead, cast(sum(record_count) as BIGINT) as record_count
            from members where given_key is null group by value
        ),
        named as (
            select value, given_key, sum(record_count) as votes, min(profile) as lead
            from members where given_key is not null and value in (select value from nameless) group by value, given_key
        ),
        ranked as (
            select value, max(votes) as votes, sum(votes) as total, arg_max(lead, votes) as lead, count(*) as name_count
            from named group by value
        )
        select
            n.value,
            n.record_count,
            r.name_count,
            case when r.value is null then n.lead when r.votes >= {share} * r.total then r.lead end as lead,
            n.lead as first_nameless
        from nameless n
        left join ranked r on r.value = n.value
        """
    )
    target = "coalesce(f.lead, f.first_nameless)" if kind == "document" else "f.lead"
    con.execute(
        f"""
        insert into edges
        select
            least(a.profile, b.profile),
            greatest(a.profile, b.profile),
            case when a.document_is_company then {company} else {people} end,
            {quote_literal(kind)},
            a.value
        from members a
        join followed f on f.value = a.value
        join comparable b on b.profile = {target}
        where a.given_key is null and a.profile <> b.profile
            and {CONDITIONS["no_document_conflict"]} and {CONDITIONS["no_birth_date_conflict"]}
        """
    )
    if kind != "document":
        con.execute(
            f"""
            insert into ambiguous_values
            select {quote_literal(kind)}, value, record_count, name_count from followed where lead is null
            """
        )


def _block_edges(rule: Rule, position: int) -> str:
    """Return SQL for a rule on columns of the profile: names, dates, places, or a document that is not valid."""
    keys = _columns(rule)
    conditions = "".join(f" and {CONDITIONS[name]}" for name in rule.when)
    if "corrected_document" in rule.on:
        others = "".join(f" and a.{key} = b.{key}" for key in keys if key != "corrected_document")
        return f"""
            select distinct
                least(a.profile, b.profile), greatest(a.profile, b.profile), {position}, 'document', b.document
            from corrections n
            join comparable b on b.document = n.value
            join comparable a on a.profile = n.profile
            where a.profile <> b.profile{others}{conditions}
            """
    kind, value = "cast(null as VARCHAR)", "cast(null as VARCHAR)"
    if "unverified_document" in rule.on:
        kind, value = "'document'", "a.unverified_document"
    present = " and ".join(f"{key} is not null" for key in keys)
    equal = " and ".join(f"a.{key} = b.{key}" for key in keys)
    return f"""
        with blocks as (
            select {", ".join(keys)} from comparable where {present}
            group by {", ".join(keys)} having count(*) between 2 and {MAX_BLOCK_PROFILES}
        ),
        candidates as (
            select a.* from comparable a semi join blocks b on {equal}
        )
        select a.profile, b.profile, {position}, {kind}, {value}
        from candidates a
        join candidates b on {equal}
        where a.profile < b.profile{conditions}
        """


def _columns(rule: Rule) -> list[str]:
    return [_KEY_COLUMNS.get(key, key) for key in rule.on]
