"""Find the rules that would have joined two customers but for a condition, on published records."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from identity.block_rules import is_corrected, key_columns
from identity.normalising.names import NAMES
from identity.normalising.stages import staged_select
from identity.profiles import HOLDINGS, load_nicknames
from identity.rule_conditions import CONDITIONS
from identity.rules import LANDLINE
from workspace.prepared import as_rows, rows_sql, run_prepared
from workspace.sql import quote_literal

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
    "one_lacks_area_code": "both have an area code",
    "both_named": "one of them has no name",
}
"""Each condition that failed, for a person."""
READ = {
    "record_id": "VARCHAR", "full_name": "VARCHAR", "country_code": "VARCHAR", "birth_date": "DATE",
    "document_number": "VARCHAR", "document_kind": "VARCHAR", "document_is_valid": "BOOLEAN",
    "document_is_company": "BOOLEAN", "phone_key": "VARCHAR", "postal_code": "VARCHAR", "street_number": "VARCHAR",
}  # fmt: skip
"""Columns of `customer_records` that conditions read."""
_HELD = {"record_id": "VARCHAR", "kind": "VARCHAR", "value": "VARCHAR", "is_blocked": "BOOLEAN"}
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
    (corrected documents, numbers without area code) are left out.

    Args:
        config: Rules.
        ours: Records of one side, with the columns `READ`.
        theirs: Records of the other.
        held: Identifiers of both: `record_id`, `kind`, `value`, `is_blocked`.
    """
    rules = tuple(rule for rule in config.active_rules if not is_corrected(rule) and "local_number" not in rule.on)
    values = as_rows(ours, READ), as_rows(theirs, READ), as_rows(held, _HELD)
    row = run_prepared(_nearest_sql(rules), *values, set_up=load_nicknames)[0]
    found = {rule.name: failed for rule, failed in zip(rules, row, strict=True) if failed is not None}
    # a rule for companies says nothing about people, and the other way round
    return {name: failed for name, failed in found.items() if not _AUDIENCES.intersection(failed)}


@lru_cache(maxsize=4)
def _nearest_sql(rules: tuple[Rule, ...]) -> str:
    fields = ", ".join(f"{_failed(rule)} as {rule.name}" for rule in rules)
    nearest = ", ".join(f"arg_min({rule.name}, len({rule.name}))" for rule in rules)
    return f"""
        with held as materialized (select * from {rows_sql("$3", _HELD)}),
        records as (
            select *, true as is_ours from {rows_sql("$1", READ)}
            union all
            select *, false from {rows_sql("$2", READ)}
        ),
        compared as materialized ({_compared_sql()}),
        shared as (
            select a.record_id as left_id, b.record_id as right_id, list(distinct a.kind) as kinds
            from held a
            join held b on a.kind = b.kind and a.value = b.value
            where not a.is_blocked and not b.is_blocked
            group by all
        ),
        pairs as (
            select {fields}
            from compared a
            join compared b on a.is_ours and not b.is_ours
            left join shared s on s.left_id = a.record_id and s.right_id = b.record_id
        )
        select {nearest} from pairs
        """


def _failed(rule: Rule) -> str:
    """Return SQL for the conditions of a rule that a pair fails; null where it does not share the rule's keys."""
    kinds = [key for key in rule.on if key in _KINDS]
    equal = [f"coalesce(list_contains(s.kinds, {quote_literal(kind)}), false)" for kind in kinds]
    equal += [f"a.{key} = b.{key}" for key in key_columns(rule) if key not in kinds]
    conditions: dict[str, str] = {name: CONDITIONS[name] for name in rule.when}
    if kinds:
        conditions["both_named"] = "(a.given_key is not null and b.given_key is not null)"
    listed = ", ".join(
        f"case when not coalesce({sql}, false) then {quote_literal(name)} end" for name, sql in conditions.items()
    )
    return f"case when {' and '.join(equal)} then list_filter([{listed}], lambda x: x is not null) end"


def _compared_sql() -> str:
    """Return SQL for what the conditions read of each of `records`."""
    names = NAMES.bind("name", value="full_name", country="country_code")
    keys = ("name_key", "given_key", "family_key", "middle_key", "suffix_key", "is_company_name")
    columns = {
        "record_id": "record_id",
        "is_ours": "is_ours",
        **{name: names[name] for name in keys},
        "birth_date": "birth_date",
        "document": "case when document_is_valid and not is_blocked then document_number end",
        "unverified_document": "case when not document_is_valid and not is_blocked and length(document_number) >= 8 "
        "then document_number end",
        "document_kind": "document_kind",
        "document_is_company": "document_is_company",
        "postal_code": "postal_code",
        "street_number": "street_number",
        "is_landline": f"coalesce(regexp_full_match(phone_key, {quote_literal(LANDLINE)}), false)",
        # which names are rare is not published; a pair with a rare name has an edge
        "is_rare_name": "false",
        "lacks_area_code": "phone_key is null",
    }
    blocked = "select record_id from held where kind = 'document' and is_blocked"
    source = f"(select *, record_id in ({blocked}) as is_blocked from records)"
    return (
        f"select c.*, n.nicknames from ({staged_select(source, [names], columns)}) c "
        "left join nicknames n on n.given_key = c.given_key"
    )
