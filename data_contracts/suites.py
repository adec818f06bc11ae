"""One contract as a Great Expectations suite that DuckDB can run as SQL.

A feed's suite is for its rows in the lake, lineage columns included; several versions of a key may stand there, so
only products and exports are checked for unique keys. Every expectation carries `meta`: the contract, the column and
whether that column is personal data, so that a report can show the rule and keep the values to itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from data_contracts.lineage import REQUIRED_LINEAGE_COLUMNS
from data_contracts.loader import Column, Contract
from data_contracts.quality_rules import scalar_rule_sql
from data_contracts.schemas import duckdb_columns
from workspace.sql import quote_identifier, quote_literal

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

# ODCS leaves severity free; these are the words the contracts use.
SEVERITIES: Mapping[str, Any] = {"error": "critical", "warning": "warning", "info": "info"}
CRITICAL = SEVERITIES["error"]


def expectation_suite(contract: Contract) -> ExpectationSuite:
    """Return the suite that holds a relation to its contract: columns, types, nulls, keys, words, ranges, patterns."""
    import great_expectations as gx

    expectations = [*_shape(contract), *_required(contract), *_keys(contract)]
    for column in contract.columns:
        expectations += _values(contract, column)
    expectations += _declared(contract)
    return gx.ExpectationSuite(name=f"{contract.kind}.{contract.name}", expectations=expectations)


def _shape(contract: Contract) -> list[Any]:
    import great_expectations.expectations as gxe

    columns = duckdb_columns(contract, lineage=contract.kind == "feeds")
    types = " union all ".join(
        f"select {quote_literal(name)} as column_name, typeof({quote_identifier(name)}) as found, "
        f"{quote_literal(kind)} as promised from one_row"
        for name, kind in columns.items()
    )
    query = f"with one_row as (select * from {{batch}} limit 1) select * from ({types}) where found <> promised"
    return [
        gxe.ExpectTableColumnsToMatchSet(
            column_set=list(columns), exact_match=True, severity=CRITICAL, meta=_meta(contract, "columns")
        ),
        gxe.UnexpectedRowsExpectation(
            description="Every column has the type of the contract",
            unexpected_rows_query=query,
            severity=CRITICAL,
            meta=_meta(contract, "types"),
        ),
    ]


def _required(contract: Contract) -> list[Any]:
    import great_expectations.expectations as gxe

    required = [(column.name, _meta(contract, "required", column)) for column in contract.columns if column.required]
    if contract.kind == "feeds":
        required += [(name, _meta(contract, "required")) for name in REQUIRED_LINEAGE_COLUMNS]
    return [gxe.ExpectColumnValuesToNotBeNull(column=name, severity=CRITICAL, meta=meta) for name, meta in required]


def _keys(contract: Contract) -> list[Any]:
    import great_expectations.expectations as gxe

    if contract.kind == "feeds":
        return []
    keys = list(dict.fromkeys([contract.primary_key, *((c.name,) for c in contract.columns if c.unique)]))
    found: list[Any] = []
    for key in filter(None, keys):
        names = ", ".join(quote_identifier(name) for name in key)
        known = " and ".join(f"{quote_identifier(name)} is not null" for name in key)
        query = f"select {names}, count(*) as row_count from {{batch}} where {known} group by {names}"
        found.append(
            gxe.UnexpectedRowsExpectation(
                description=f"One row for each {', '.join(key)}",
                unexpected_rows_query=f"{query} having count(*) > 1",
                severity=CRITICAL,
                meta=_meta(contract, "unique", *(contract.column(name) for name in key)),
            )
        )
    return found


def _values(contract: Contract, column: Column) -> list[Any]:
    import great_expectations.expectations as gxe

    found: list[Any] = []
    if column.enum is not None:
        found.append(
            gxe.ExpectColumnValuesToBeInSet(
                column=column.name,
                value_set=list(column.enum),
                severity=CRITICAL,
                meta=_meta(contract, "allowed_values", column),
            )
        )
    if column.minimum is not None or column.maximum is not None:
        found.append(
            gxe.ExpectColumnValuesToBeBetween(
                column=column.name,
                min_value=column.minimum,
                max_value=column.maximum,
                severity=CRITICAL,
                meta=_meta(contract, "range", column),
            )
        )
    if column.pattern is not None:
        # Great Expectations has no regular expressions for DuckDB, so the rule is a query for the rows that break it.
        name, pattern = quote_identifier(column.name), _pattern_literal(column.pattern)
        query = f"select {name} from {{batch}} where {name} is not null and not regexp_matches({name}, {pattern})"
        found.append(
            gxe.UnexpectedRowsExpectation(
                description=f"{column.name} matches {column.pattern}",
                unexpected_rows_query=query,
                severity=CRITICAL,
                meta=_meta(contract, "pattern", column),
            )
        )
    return found


def _pattern_literal(pattern: str) -> str:
    # The query is a format string ({batch}) and then an SQLAlchemy text (:name): both marks have to be escaped.
    braced = pattern.replace("{", "{{").replace("}", "}}")
    return quote_literal(re.sub(r":(?=\w)", r"\:", braced))


def _declared(contract: Contract) -> list[Any]:
    import great_expectations.expectations as gxe

    rules: list[tuple[Column | None, Mapping[str, Any]]] = [(None, rule) for rule in contract.quality]
    rules += [(column, rule) for column in contract.columns for rule in column.quality]
    return [
        gxe.UnexpectedRowsExpectation(
            description=rule.get("description") or rule.get("name") or "Declared quality rule",
            unexpected_rows_query=scalar_rule_sql(rule, column.name if column else None),
            severity=SEVERITIES[rule.get("severity", "error")],
            meta=_meta(contract, rule.get("id") or rule.get("metric") or "sql", *([column] if column else [])),
        )
        for column, rule in rules
        if rule.get("type", "library") != "text"
    ]


def _meta(contract: Contract, rule: str, *columns: Column) -> dict[str, Any]:
    return {
        "contract": f"{contract.kind}/{contract.name}",
        "rule": rule,
        "columns": [column.name for column in columns],
        "pii": any(column.is_pii for column in columns),
    }
