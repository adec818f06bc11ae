"""Find the rules that would have joined two customers but for a condition, on published records."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from identity.block_rules import is_corrected, key_columns
from identity.normalising.names import NAMES
from identity.normalising.stages import staged_select
from identity.profiles import HOLDINGS, load_nicknames
from identity.rule_conditions import BLOCK_CONDITIONS, CONDITIONS
from identity.rules import LANDLINE
from workspace.prepared import as_rows, rows_sql, run_prepared
from workspace.sql import connect, quote_literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

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
_AUDIENCES = frozenset({"companies_only", "people_only"})
_KINDS = frozenset((*HOLDINGS, "device"))


class _Compared(NamedTuple):
    """What rules compare of a record: the columns `_COMPARED`, and kind and value of its identifiers."""

    row: dict[str, Any]
    held: frozenset[tuple[str, str]]


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
    rules = [rule for rule in config.active_rules if not is_corrected(rule) and _is_told(rule)]
    compared = _compared(ours, theirs, held)
    pairs = [(a, b) for a in compared if a.row["is_ours"] for b in compared if not b.row["is_ours"]]
    alike = [(a, b, agreeing) for a, b in pairs if (agreeing := _agreeing(rules, a, b))]
    conditions = tuple(sorted({name for rule in rules for name in rule.when}))
    found: dict[str, list[str]] = {}
    for name, failed in _failures(conditions, alike):
        found[name] = min(found.get(name, failed), failed, key=lambda names: (len(names), names))
    # a rule for companies says nothing about people, and the other way round
    told = [rule.name for rule in rules if rule.name in found and not _AUDIENCES.intersection(found[rule.name])]
    return {name: found[name] for name in told}


def _is_told(rule: Rule) -> bool:
    return "rarer_name" not in rule.when


def _compared(
    ours: Sequence[Mapping[str, Any]], theirs: Sequence[Mapping[str, Any]], held: Sequence[Mapping[str, Any]]
) -> list[_Compared]:
    """Return what rules compare of the records of both sides, once of those that show the same."""
    blocked = {one["record_id"] for one in held if one["kind"] == "document" and one["is_blocked"]}
    records = [
        {**one, "is_ours": side is ours, "is_blocked": one["record_id"] in blocked}
        for side in (ours, theirs)
        for one in side
    ]
    values: dict[str, set[tuple[str, str]]] = {one["record_id"]: set() for one in records}
    for one in held:
        if not one["is_blocked"] and one["record_id"] in values:
            values[one["record_id"]].add((one["kind"], one["value"]))
    named = run_prepared(_keys_sql(), as_rows(records, _READ))
    firsts = {(row[1:], frozenset(values[row[0]])): row for row in reversed(named)}
    return [
        _Compared(dict(zip(_COMPARED, (*row, _nicknames().get(row[_GIVEN])), strict=True)), known)
        for (_, known), row in firsts.items()
    ]


def _agreeing(rules: Sequence[Rule], a: _Compared, b: _Compared) -> list[Rule]:
    """Return the rules whose keys two records share."""
    kinds = {kind for kind, _ in a.held & b.held}
    fields = {name for name, value in a.row.items() if value is not None and value == b.row[name]}
    if "phone_key" in fields:
        # of a whole number that both have, another rule tells
        kinds.discard("local_number")
    return [
        rule
        for rule in rules
        if kinds.issuperset(_KINDS.intersection(rule.on))
        and all(key in fields for key in key_columns(rule) if key not in _KINDS)
    ]


def _failures(
    conditions: tuple[str, ...], alike: Sequence[tuple[_Compared, _Compared, Sequence[Rule]]]
) -> Iterator[tuple[str, list[str]]]:
    """Return the conditions that fail for each pair and each rule whose keys it shares, by the rule's name."""
    if not alike:
        return
    rows = {one.row["record_id"]: one.row for pair in alike for one in pair[:2]}
    judged = run_prepared(_conditions_sql(conditions), as_rows([*rows.values()], _COMPARED))
    holds = {row[:2]: {name for name, holds in zip(conditions, row[2:], strict=True) if holds} for row in judged}
    for a, b, rules in alike:
        held = holds[a.row["record_id"], b.row["record_id"]]
        for rule in rules:
            failed = [str(name) for name in rule.when if name not in held]
            if _KINDS.intersection(rule.on) and not (a.row["given_key"] and b.row["given_key"]):
                failed.append("both_named")
            yield rule.name, failed


@lru_cache(maxsize=4)
def _conditions_sql(names: tuple[str, ...]) -> str:
    """Return SQL for the ids of each pair of records, one of either side, and for which conditions it meets."""
    # who else shares the keys is not looked up; where nothing speaks against a pair it has an edge, or this failed
    conditions = CONDITIONS | dict.fromkeys(BLOCK_CONDITIONS, "false")
    return f"""
        with compared as materialized (
            -- which names are rare is not published; a pair with a rare name has an edge
            select *, false as is_rare_name, phone_key is null as lacks_area_code from {rows_sql("$1", _COMPARED)}
        )
        select a.record_id, b.record_id, {", ".join(conditions[name] for name in names)}
        from compared a
        join compared b on a.is_ours and not b.is_ours
        """


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
