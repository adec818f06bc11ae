"""Find the rules that would have joined two customers but for a condition, on published records."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from identity.block_rules import is_corrected, key_columns
from identity.normalising.names import NAMES
from identity.normalising.stages import staged_select
from identity.profiles import HOLDINGS, load_nicknames
from identity.rule_conditions import BLOCK_CONDITIONS, CONDITIONS
from identity.rules import LANDLINE
from workspace.prepared import as_rows, rows_sql, run_prepared
from workspace.sql import connect, quote_literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from identity.configuration import IdentityConfig, Rule

WORDS = {
    "same_given_name": "given names differ",
    "compatible_given_name": "given names differ",
    "compatible_name": "names differ",
    "compatible_family_name": "family names differ",
    "compatible_company_name": "company names differ",
    "no_document_conflict": "documents differ",
    "no_birth_date_conflict": "birth dates differ",
    "no_generation_conflict": "one of them is of another generation (Filho, Neto)",
    "no_known_generation_conflict": "one of them is of another generation (Filho, Neto)",
    "no_middle_name_conflict": "middle names differ",
    "companies_only": "one of them is no company",
    "people_only": "one of them is a company",
    "rare_name": "the name is too common to join them by itself",
    "rarer_name": "the name is too common to join them by a part of it",
    "one_name_shortened": "each has names that the other lacks",
    "one_lacks_area_code": "both have an area code",
    "other_area_code_or_ninth_digit": "both are whole numbers of different areas",
    "keys_of_one_person": "two people are known to share it",
    "both_named": "one of them has no name",
}
"""Each condition that failed, for a person."""
UNPUBLISHED = frozenset({"rare_name", "rarer_name", *BLOCK_CONDITIONS})
"""Conditions that count as failed: they say why two are apart only where no other does."""
READ = {
    "record_id": "VARCHAR", "full_name": "VARCHAR", "country_code": "VARCHAR", "birth_date": "DATE",
    "document_number": "VARCHAR", "document_kind": "VARCHAR", "document_is_valid": "BOOLEAN",
    "document_is_company": "BOOLEAN", "phone_key": "VARCHAR", "postal_code": "VARCHAR", "street_number": "VARCHAR",
}  # fmt: skip
"""Columns of `customer_records` that conditions read."""
_READ = {**READ, "is_ours": "BOOLEAN", "is_blocked": "BOOLEAN"}
_COMPARED = {
    "record_id": "VARCHAR", "is_ours": "BOOLEAN", "name_key": "VARCHAR", "given_key": "VARCHAR",
    "family_key": "VARCHAR", "middle_key": "VARCHAR", "suffix_key": "VARCHAR", "is_company_name": "BOOLEAN",
    "birth_date": "DATE", "document": "VARCHAR", "unverified_document": "VARCHAR", "document_kind": "VARCHAR",
    "document_is_company": "BOOLEAN", "phone_key": "VARCHAR", "postal_code": "VARCHAR", "street_number": "VARCHAR",
    "is_landline": "BOOLEAN", "nicknames": "VARCHAR",
}  # fmt: skip
_GIVEN = [*_COMPARED].index("given_key")
_HELD = {"record_id": "VARCHAR", "kind": "VARCHAR", "value": "VARCHAR"}
_AUDIENCES = frozenset({"companies_only", "people_only"})
_KINDS = (*HOLDINGS, "device")


def near_rules(
    config: IdentityConfig,
    ours: Sequence[Mapping[str, Any]],
    theirs: Sequence[Mapping[str, Any]],
    held: Sequence[Mapping[str, Any]],
) -> dict[str, list[str]]:
    """Return for each rule whose keys two sides share what failed in the pair of records that came nearest.

    Nothing failed where a constraint, and no condition, keeps the two apart. Rules on values that are not published
    (corrected documents) are left out, and those on a part of a name, which many share.

    Args:
        config: Rules.
        ours: Records of one side, with the columns `READ`.
        theirs: Records of the other.
        held: Identifiers of both: `record_id`, `kind`, `value`, `is_blocked`.
    """
    rules = tuple(rule for rule in config.active_rules if not is_corrected(rule) and _is_told(rule))
    blocked = {one["record_id"] for one in held if one["kind"] == "document" and one["is_blocked"]}
    records = [
        {**one, "is_ours": side is ours, "is_blocked": one["record_id"] in blocked}
        for side in (ours, theirs)
        for one in side
    ]
    open_values = [one for one in held if not one["is_blocked"]]
    named = run_prepared(_keys_sql(), as_rows(records, _READ))
    compared = [dict(zip(_COMPARED, (*row, _nicknames().get(row[_GIVEN])), strict=True)) for row in named]
    row = run_prepared(_nearest_sql(rules), as_rows(compared, _COMPARED), as_rows(open_values, _HELD))[0]
    found = {rule.name: failed for rule, failed in zip(rules, row, strict=True) if failed is not None}
    # a rule for companies says nothing about people, and the other way round
    return {name: failed for name, failed in found.items() if not _AUDIENCES.intersection(failed)}


def _is_told(rule: Rule) -> bool:
    return "rarer_name" not in rule.when


@lru_cache(maxsize=4)
def _nearest_sql(rules: tuple[Rule, ...]) -> str:
    """Return SQL that looks at each key and condition once for a pair, whichever rules ask for it."""
    kinds = {key for rule in rules for key in rule.on if key in _KINDS}
    facts = {f"same_{kind}": f"list_contains(s.kinds, {quote_literal(kind)})" for kind in kinds}
    facts |= {f"same_{key}": f"a.{key} = b.{key}" for rule in rules for key in key_columns(rule) if key not in kinds}
    if "local_number" in kinds:
        # of a whole number that both have, another rule tells
        facts["same_local_number"] += " and coalesce(a.phone_key <> b.phone_key, true)"
    # who else shares the keys is not looked up; where nothing speaks against a pair it has an edge, or this failed
    conditions = CONDITIONS | dict.fromkeys(BLOCK_CONDITIONS, "false")
    facts |= {f"holds_{name}": conditions[name] for rule in rules for name in rule.when}
    facts["holds_both_named"] = "a.given_key is not null and b.given_key is not null"
    looked_at = ", ".join(f"coalesce({sql}, false) as {name}" for name, sql in sorted(facts.items()))
    fields = ", ".join(f"{_failed(rule)} as {rule.name}" for rule in rules)
    nearest = ", ".join(f"arg_min({rule.name}, len({rule.name}))" for rule in rules)
    return f"""
        with held as materialized (select * from {rows_sql("$2", _HELD)}),
        compared as materialized (
            -- which names are rare is not published; a pair with a rare name has an edge
            select *, false as is_rare_name, phone_key is null as lacks_area_code from {rows_sql("$1", _COMPARED)}
        ),
        shared as (
            select a.record_id as left_id, b.record_id as right_id, list(distinct a.kind) as kinds
            from held a
            join held b on a.kind = b.kind and a.value = b.value
            group by all
        ),
        pairs as materialized (
            select {looked_at}
            from compared a
            join compared b on a.is_ours and not b.is_ours
            left join shared s on s.left_id = a.record_id and s.right_id = b.record_id
        ),
        judged as materialized (select {fields} from pairs)
        select {nearest} from judged
        """


def _failed(rule: Rule) -> str:
    """Return SQL for the conditions of a rule that a pair fails; null where it does not share the rule's keys."""
    kinds = [key for key in rule.on if key in _KINDS]
    keys = [*kinds, *(key for key in key_columns(rule) if key not in kinds)]
    conditions = [*rule.when, *(["both_named"] if kinds else [])]
    listed = ", ".join(f"case when not holds_{name} then {quote_literal(name)} end" for name in conditions)
    equal = " and ".join(f"same_{key}" for key in keys)
    return f"case when {equal} then list_filter([{listed}], lambda x: x is not null) end"


@cache
def _keys_sql() -> str:
    """Return SQL for what the conditions read of each record, nicknames left out, in the order of `_COMPARED`."""
    names = NAMES.bind("name", value="full_name", country="country_code")
    columns = {name: names[name] if name in names.outputs else name for name in _COMPARED if name != "nicknames"}
    columns |= {
        "document": "case when document_is_valid and not is_blocked then document_number end",
        "unverified_document": "case when not document_is_valid and not is_blocked and length(document_number) >= 8 "
        "then document_number end",
        "is_landline": f"coalesce(regexp_full_match(phone_key, {quote_literal(LANDLINE)}), false)",
    }
    return staged_select(rows_sql("$1", _READ), [names], columns)


@cache
def _nicknames() -> dict[str, str]:
    """Return the names that a given name may stand for; a plan that reads a table would be made anew each time."""
    with connect() as con:
        load_nicknames(con)
        return dict(con.execute("select given_key, nicknames from nicknames").fetchall())
