"""Turn rules into SQL joins over profiles: an edge is a pair of profiles, a rule, and the value they share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workspace.sql import quote_literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from identity.configuration import IdentityConfig, Rule

HOLDING_KINDS = frozenset("document email phone local_number loyalty_card account customer_reference device".split())
MAX_PAIRED_PROFILES = 60
"""Profiles of one value that are compared pair by pair; past it each is compared with the first of each given name."""
MAX_BLOCK_PROFILES = 60
"""Profiles that may share a name and a place or date before the coincidence says nothing."""
GIVEN = (
    "(a.given_key = b.given_key or jaro_winkler_similarity(a.given_key, b.given_key) >= 0.8 "
    "or ((length(a.given_key) = 1 or length(b.given_key) = 1) and a.given_key[1] = b.given_key[1]) "
    "or contains(a.nicknames, ' ' || b.given_key || ' '))"
)
CONDITIONS = {
    "same_given_name": "a.given_key = b.given_key",
    "compatible_given_name": GIVEN,
    "compatible_name": f"({GIVEN} or a.family_key = b.family_key)",
    "compatible_family_name": "(a.family_key is null or b.family_key is null or a.family_key = b.family_key "
    "or contains(a.name_key, b.family_key) or contains(b.name_key, a.family_key))",
    "compatible_company_name": "(jaro_winkler_similarity(a.name_key, b.name_key) >= 0.85 "
    "or len(list_intersect(string_split(a.name_key, ' '), string_split(b.name_key, ' '))) > 0)",
    "no_document_conflict": "(a.document is null or b.document is null or a.document = b.document "
    "or (a.document_kind <> b.document_kind and a.document_is_company = b.document_is_company))",
    "no_birth_date_conflict": "(a.birth_date is null or b.birth_date is null or a.birth_date = b.birth_date "
    "or (year(a.birth_date) = year(b.birth_date) and (month(a.birth_date) = month(b.birth_date) "
    "or day(a.birth_date) = day(b.birth_date) "
    "or (month(a.birth_date) = day(b.birth_date) and day(a.birth_date) = month(b.birth_date)))))",
    "no_generation_conflict": "a.suffix_key is not distinct from b.suffix_key",
    "no_known_generation_conflict": "(a.suffix_key is not distinct from b.suffix_key or (not a.is_landline "
    "and (a.suffix_key is null or b.suffix_key is null)))",
    "no_middle_name_conflict": "(a.middle_key is null or b.middle_key is null or a.middle_key = b.middle_key "
    "or contains(' ' || a.middle_key || ' ', ' ' || b.middle_key || ' ') "
    "or contains(' ' || b.middle_key || ' ', ' ' || a.middle_key || ' ') or a.middle_key[1] = b.middle_key "
    "or b.middle_key[1] = a.middle_key or jaro_winkler_similarity(a.middle_key, b.middle_key) >= 0.8)",
    "companies_only": "a.document_is_company and b.document_is_company",
    "people_only": "not a.document_is_company and not b.document_is_company",
    "one_lacks_area_code": "(a.lacks_area_code or b.lacks_area_code)",
}
_ATTRIBUTES_SQL = (
    "p.given_key, p.family_key, p.middle_key, p.suffix_key, p.name_key, p.nicknames, p.birth_date, "
    "case when p.document_is_valid and p.document_number not in (select value from guards where kind = 'document' "
    "and decision = 'blocked') then p.document_number end as document, p.document_kind, p.document_is_company, "
    "case when not p.document_is_valid and length(p.document_number) >= 8 and p.document_number not in "
    "(select value from guards where kind = 'document' and decision = 'blocked') then p.document_number end as unverified_document, "
    "p.phone_key is null and p.local_key is not null as lacks_area_code, p.postal_code, p.street_number"
)
LANDLINE = r"\+55[1-9][1-9][2-5][0-9]{7}|\+3512[0-9]{8}|\+34[89][0-9]{8}"
_KEY_COLUMNS = {"given_name": "given_key", "family_name": "family_key"}


def create_edges(con: DuckDBPyConnection, config: IdentityConfig) -> None:
    """Create `edges` (left_profile < right_profile, rule, kind, value) for all enabled rules, and `ambiguous_values`.

    `rule` is the position in `config.active_rules`. A rule on an identifier joins profiles that both have a name; nameless
    ones follow the name that most records of the value carry, so that they never bridge two people.
    """
    con.execute(
        f"create or replace temp table comparable as select p.profile, p.record_count, {_ATTRIBUTES_SQL} from profiles p"
    )
    con.execute(
        "create or replace temp table edges (left_profile INTEGER, right_profile INTEGER, rule UTINYINT, kind VARCHAR, value VARCHAR)"
    )
    con.execute(
        "create or replace temp table ambiguous_values (kind VARCHAR, value VARCHAR, record_count BIGINT, name_count BIGINT)"
    )
    rules = config.active_rules
    for kind in sorted({key for rule in rules for key in rule.on if key in HOLDING_KINDS}):
        _create_members(con, kind)
        for position, rule in enumerate(rules):
            if kind in rule.on:
                con.execute(f"insert into edges {_holding_edges(rule, position, kind)}")
        _add_nameless_edges(con, config, kind)
    for position, rule in enumerate(rules):
        if not HOLDING_KINDS & set(rule.on):
            con.execute(f"insert into edges {_block_edges(rule, position)}")


def _create_members(con: DuckDBPyConnection, kind: str) -> None:
    """Create `members`: one row per shared value and profile, with what rules compare.

    A lead is a profile that all others of the value are compared with: everyone while they are few, else the first of each
    given name, so that a value with a thousand profiles costs a thousand pairs and not half a million.
    """
    landline = "false"
    if kind == "phone":
        landline = f"regexp_full_match(h.value, {quote_literal(LANDLINE)})"
    con.execute(
        f"create or replace temp table members as select h.value, c.*, v.profile_count, {landline} as is_landline, "
        f"v.profile_count <= {MAX_PAIRED_PROFILES} as is_lead from holdings h "
        "join shared_values v on v.kind = h.kind and v.value = h.value join comparable c on c.profile = h.profile "
        f"where h.kind = {quote_literal(kind)} and (h.kind <> 'document' or c.document = h.value)"
    )
    con.execute(
        "update members set is_lead = true where not is_lead and (value, profile) in "
        "(select (value, min(profile)) from members where not is_lead group by value, given_key)"
    )


def _holding_edges(rule: Rule, position: int, kind: str) -> str:
    extra = "".join(f" and a.{key} = b.{key}" for key in _columns(rule) if key != kind)
    conditions = "".join(f" and {CONDITIONS[name]}" for name in rule.when)
    return (
        f"select least(a.profile, b.profile), greatest(a.profile, b.profile), {position}, {quote_literal(kind)}, a.value "
        "from members a join members b on a.value = b.value where b.is_lead and a.profile <> b.profile "
        "and (a.profile < b.profile or not a.is_lead) and a.given_key is not null and b.given_key is not null"
        f"{extra}{conditions}"
    )


def _add_nameless_edges(con: DuckDBPyConnection, config: IdentityConfig, kind: str) -> None:
    rules = list(enumerate(config.active_rules))
    people = next((place for place, one in rules if kind in one.on and "companies_only" not in one.when), None)
    company = next((place for place, one in rules if kind in one.on and "companies_only" in one.when), people)
    if kind in ("device", "local_number"):
        return
    con.execute(
        "create or replace temp table followed as with named as (select value, given_key, sum(record_count) as votes, "
        "min(profile) as lead from members where given_key is not null group by value, given_key), "
        "nameless as (select value, min(profile) as lead, sum(record_count) as record_count from members where given_key is null "
        "group by value), ranked as (select value, max(votes) as votes, sum(votes) as total, arg_max(lead, votes) as lead, "
        "count(*) as name_count from named group by value) "
        "select n.value, n.record_count, r.name_count, case when r.value is null then n.lead "
        f"when r.votes >= {config.nameless_share} * r.total then r.lead end as lead, n.lead as first_nameless "
        "from nameless n left join ranked r on r.value = n.value"
    )
    target = "coalesce(f.lead, f.first_nameless)" if kind == "document" else "f.lead"
    position = f"case when a.document_is_company then {company} else {people if people is not None else company} end"
    con.execute(
        f"insert into edges select least(a.profile, b.profile), greatest(a.profile, b.profile), {position}, "
        f"{quote_literal(kind)}, a.value from members a join followed f on f.value = a.value "
        f"join comparable b on b.profile = {target} where a.given_key is null and a.profile <> b.profile "
        f"and {CONDITIONS['no_document_conflict']} and {CONDITIONS['no_birth_date_conflict']}"
    )
    if kind != "document":
        con.execute(
            f"insert into ambiguous_values select {quote_literal(kind)}, value, record_count, name_count from followed "
            "where lead is null"
        )


def _block_edges(rule: Rule, position: int) -> str:
    """Return SQL for a rule whose keys are columns of the profile: names, dates, places, or a document that is not valid."""
    keys = _columns(rule)
    conditions = "".join(f" and {CONDITIONS[name]}" for name in rule.when)
    if "corrected_document" in rule.on:
        others = "".join(f" and a.{key} = b.{key}" for key in keys if key != "corrected_document")
        return (
            f"select distinct least(a.profile, b.profile), greatest(a.profile, b.profile), {position}, 'document', b.document "
            "from corrections n join comparable b on b.document = n.value join comparable a on a.profile = n.profile "
            f"where a.profile <> b.profile{others}{conditions}"
        )
    kind, value = "cast(null as VARCHAR)", "cast(null as VARCHAR)"
    if "unverified_document" in rule.on:
        kind, value = "'document'", "a.unverified_document"
    present = " and ".join(f"{key} is not null" for key in keys)
    listed = ", ".join(keys)
    equal = " and ".join(f"a.{key} = b.{key}" for key in keys)
    return (
        f"with block as (select {listed} from comparable where {present} group by {listed} "
        f"having count(*) between 2 and {MAX_BLOCK_PROFILES}), "
        "candidates as (select c.* from comparable c semi join block b on "
        f"{' and '.join(f'c.{key} = b.{key}' for key in keys)}) "
        f"select a.profile, b.profile, {position}, {kind}, {value} from candidates a join candidates b on {equal} "
        f"where a.profile < b.profile{conditions}"
    )


def _columns(rule: Rule) -> list[str]:
    return [_KEY_COLUMNS.get(key, key) for key in rule.on]
