"""The quality rules that an ODCS contract may declare, as SQL that returns a row only when the rule is broken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workspace.sql import quote_identifier, quote_literal

_COMPARISONS = {
    "mustBe": "=",
    "mustNotBe": "<>",
    "mustBeGreaterThan": ">",
    "mustBeGreaterOrEqualTo": ">=",
    "mustBeLessThan": "<",
    "mustBeLessOrEqualTo": "<=",
}


def scalar_rule_sql(rule: Mapping[str, Any], column: str | None) -> str:
    """Return a query over `{batch}` that yields the measured value when it breaks the rule, and no row otherwise.

    Raises:
        ValueError: the rule has no measure or no comparison that this code knows.
    """
    measure = _measure(rule, column)
    return f"select measured from ({measure}) as rule(measured) where measured is null or not ({_holds(rule)})"


def rule_problem(rule: Mapping[str, Any], column: str | None) -> str | None:
    """Return what is wrong with a declared rule, or None."""
    if rule.get("type", "library") == "text":
        return None
    if rule.get("severity", "error") not in ("error", "warning", "info"):
        return f"unknown severity {rule.get('severity')!r}; expected error, warning or info"
    try:
        scalar_rule_sql(rule, column)
    except ValueError as error:
        return str(error)
    return None


def _measure(rule: Mapping[str, Any], column: str | None) -> str:
    if rule.get("type") == "sql":
        query = str(rule["query"]).strip().rstrip(";")
        return query.replace("{object}", "{batch}").replace("{property}", quote_identifier(column or ""))
    metric = rule.get("metric")
    if metric == "rowCount":
        return "select count(*) from {batch}"
    if column is None:
        raise ValueError(f"the metric {metric!r} belongs to a column")
    name = quote_identifier(column)
    if metric == "duplicateValues":
        counted = f"count({name}) - count(distinct {name})"
    elif metric == "nullValues":
        counted = f"count(*) filter (where {name} is null)"
    elif metric == "missingValues":
        counted = f"count(*) filter (where {name} in ({_words(rule, 'missingValues')}) or {name} is null)"
    elif metric == "invalidValues":
        counted = f"count(*) filter (where {name} is not null and {name} not in ({_words(rule, 'validValues')}))"
    else:
        raise ValueError(f"quality rules of type {rule.get('type')!r} are not run here")
    if rule.get("unit") == "percent":
        counted = f"coalesce(100.0 * ({counted}) / nullif(count(*), 0), 0)"
    return f"select {counted} from {{batch}}"


def _words(rule: Mapping[str, Any], argument: str) -> str:
    words = [word for word in (rule.get("arguments") or {}).get(argument, ()) if word is not None]
    if not words:
        raise ValueError(f"the metric needs arguments.{argument}")
    return ", ".join(quote_literal(str(word)) for word in words)


def _holds(rule: Mapping[str, Any]) -> str:
    for word, sign in _COMPARISONS.items():
        if word in rule:
            return f"measured {sign} {_number(rule[word])}"
    for word, negation in (("mustBeBetween", ""), ("mustNotBeBetween", "not ")):
        if word in rule:
            low, high = rule[word]
            return f"measured {negation}between {_number(low)} and {_number(high)}"
    raise ValueError("the rule compares with nothing; expected one of mustBe, mustBeLessThan, ...")


def _number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"a rule compares with a number, not {value!r}")
    return repr(value)
