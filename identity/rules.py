"""Turn rules into SQL joins over profiles: an edge is a pair of profiles, a rule, and the value they share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from identity.block_rules import block_edges, key_columns
from identity.nameless import add_nameless_edges
from identity.normalised_records import RID
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
LANDLINE = r"\+55[1-9][1-9][2-5][0-9]{7}|\+3512[0-9]{8}|\+34[89][0-9]{8}"
RARE_BITS = 4
"""Bits by which a name must be rarer than one record of the epoch, so that chance gives one namesake in sixteen."""
RARER_BITS = 2
"""Bits by which a name must be rarer still to be known in a shorter form: up to four ways to leave words out."""
LEAST_RARE_BITS = 20
"""Bits below which no name is rare: shares that few records show are no measure."""
DECIDED = 254
"""Stands in `edges.rule` for a pair that a person said is one customer."""
DECIDED_NAME, DECIDED_WEIGHT = "decided_same", 1000.0
DECIDED_BLOCK = "hash('decided')"
_ALWAYS = ("given_key", "birth_date", "document", "document_kind", "document_is_company")
_FOLLOWS_NOBODY = ("device", "local_number")


def create_edges(con: DuckDBPyConnection, config: IdentityConfig, *, only: str | None = None) -> None:
    """Create `edges` (left_profile < right_profile, rule, block) for all enabled rules, and `ambiguous_values` (kind,
    value, block, record_count, name_count).

    Reads `comparable`, `holdings`, `shared_values` and `corrections`. `rule` is the position in `config.active_rules`,
    or `DECIDED`. `block` numbers the group of profiles that were compared: the holders of a value, or those with equal
    keys; all edges of a block follow from the members of the block alone. What an edge rests on, `identity.edge_values`
    says when it is asked for: millions of edges carry no texts. A rule on an identifier joins profiles that both have a
    name; nameless ones follow the name that most records of the value carry, so that they never bridge two people.

    Args:
        con: Connection.
        config: Rules.
        only: Table with the column `block`: no other blocks of names and corrections are compared. `holdings` must
            hold nothing else.
    """
    con.execute(
        """
        create or replace temp table edges (
            left_profile BIGINT, right_profile BIGINT, rule UTINYINT, block UBIGINT
        )
        """
    )
    con.execute(
        """
        create or replace temp table ambiguous_values (
            kind VARCHAR, value VARCHAR, block UBIGINT, record_count BIGINT, name_count BIGINT
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
                add_nameless_edges(con, kind, about, config.nameless_share)
    con.execute("drop table if exists temp.members")
    for position, rule in rules:
        if not set(HOLDING_KINDS) & set(rule.on):
            con.execute(f"insert into edges {block_edges(rule, position, only)}")
    con.execute(f"insert into edges {_decided_edges()}")


def _decided_edges() -> str:
    """Return SQL for the pairs that people said are one customer."""
    return f"""
        select distinct
            least(l.profile, r.profile), greatest(l.profile, r.profile), {DECIDED}, {DECIDED_BLOCK}
        from decided_pairs d
        join record_profiles l on l.rid = {RID.replace("record_id", "d.record_id_left")}
        join record_profiles r on r.rid = {RID.replace("record_id", "d.record_id_right")}
        where d.decision = 'same' and l.profile <> r.profile
        """


def create_comparable(con: DuckDBPyConnection) -> None:
    """Create `comparable`: what rules read of each of `profiles`, the documents that `guards` blocks set aside."""
    con.execute(
        f"""
        create or replace temp table rare_names as
        with names as (
            select distinct name_key from profiles where family_key is not null
        ),
        words as (
            select name_key, unnest(string_split(name_key, ' ')) as token from names
        ),
        limits as (
            select greatest(log2(greatest(record_count, 1)) + {RARE_BITS}, {LEAST_RARE_BITS}) as bits from model_epoch
        ),
        unknown as (
            select coalesce(max(bits), 1) as bits from name_tokens where token = ''
        )
        select w.name_key, sum(coalesce(t.bits, (select bits from unknown)))
            >= (select bits from limits) + {RARER_BITS} as is_rarer
        from words w
        left join name_tokens t on t.token = w.token
        where length(w.token) > 1
        group by w.name_key
        having sum(coalesce(t.bits, (select bits from unknown))) >= (select bits from limits)
        """
    )
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
            p.phone_key,
            p.phone_key is null and p.local_key is not null as lacks_area_code,
            p.postal_code,
            p.street_number,
            not p.document_is_company and not p.is_company_name and r.name_key is not null as is_rare_name,
            not p.document_is_company and not p.is_company_name and coalesce(r.is_rarer, false) as is_rarer_name
        from profiles p
        left join blocked b on b.value = p.document_number
        left join rare_names r on r.name_key = p.name_key
        """
    )


def _create_members(con: DuckDBPyConnection, kind: str, rules: list[Rule]) -> None:
    """Create `members`: one row per shared value and profile, with just what the rules on it compare.

    A lead is a profile that all others of the value are compared with: everyone while they are few, else the first of
    each given name, so that a value with a thousand profiles costs a thousand pairs and not half a million.
    """
    text = " ".join(CONDITIONS[name] for rule in rules for name in rule.when)
    read = (
        set(re.findall(r"\ba\.([a-z_]+)", text))
        | {column for rule in rules for column in key_columns(rule)}
        | {*_ALWAYS}
    )
    columns = "".join(f", c.{name}" for name in sorted(read - {kind, "is_landline"} | {*_ALWAYS}))
    landline = f"regexp_full_match(h.value, {quote_literal(LANDLINE)})" if kind == "phone" else "false"
    con.execute(
        f"""
        create or replace temp table members as
        select
            h.block,
            c.profile,
            c.record_count,
            {landline} as is_landline,
            v.profile_count <= {MAX_PAIRED_PROFILES} as is_lead{columns}
        from holdings h
        join shared_values v on v.block = h.block
        join comparable c on c.profile = h.profile
        where h.kind = {quote_literal(kind)} and v.kind = {quote_literal(kind)}
            and (h.kind <> 'document' or c.document = h.value)
        """
    )
    con.execute(
        """
        update members set is_lead = true
        where not is_lead and (block, profile) in (
            select (block, min(profile)) from members where not is_lead group by block, given_key
        )
        """
    )


def _holding_edges(rule: Rule, position: int, kind: str) -> str:
    extra = "".join(f" and a.{key} = b.{key}" for key in key_columns(rule) if key != kind)
    conditions = "".join(f" and {CONDITIONS[name]}" for name in rule.when)
    return f"""
        select least(a.profile, b.profile), greatest(a.profile, b.profile), {position}, a.block
        from members a
        join members b on a.block = b.block
        where b.is_lead and a.profile <> b.profile and (a.profile < b.profile or not a.is_lead)
            and a.given_key is not null and b.given_key is not null{extra}{conditions}
        """
