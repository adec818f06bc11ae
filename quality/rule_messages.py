"""Say in a sentence what a broken rule means, from what Great Expectations returned, without any value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from data_contracts.loader import Contract

_SAMPLES = 5
# Exceptions whose text names SQL objects and never data.
_PLAIN_EXCEPTIONS = ("BinderException", "CatalogException", "ParserException", "ParserError")


def broken_rule(contract: Contract, subject: str, key: tuple[str, ...], answer: Any) -> dict[str, Any]:
    """Return message, failing count, expectation and sample keys of a rule that broke."""
    meta = answer.expectation_config.meta
    rule, names = meta["rule"], ", ".join(meta["columns"])
    rows = (answer.result.get("details") or {}).get("unexpected_rows") or []
    if rule == "columns":
        return {"message": f"{subject}: {_column_difference(contract, answer)}", "expected": "the contract's columns"}
    if rule == "types":
        return {"message": f"{subject}: {_type_differences(rows)}", "failing_count": len(rows)}
    if "unexpected_count" in answer.result:
        count = int(answer.result["unexpected_count"])
        return {
            "message": f"{subject}: {counted(count, 'row')} {_breaks(contract, rule, answer)}",
            "failing_count": count,
            "sample_keys": _index_keys(answer.result, key),
        }
    count = int(answer.result["observed_value"])
    if rule == "unique":
        return {
            "message": f"{subject}: {counted(count, 'value')} of {names} that stand more than once",
            "failing_count": count,
            "sample_keys": () if meta["pii"] else _row_keys(rows, meta["columns"]),
        }
    if rule == "pattern":
        column = contract.column(meta["columns"][0])
        return {
            "message": f"{subject}: {counted(count, 'row')} with a {names} that does not match {column.pattern}",
            "failing_count": count,
            "expected": column.pattern,
        }
    return {
        "message": f"{subject}: not so: {answer.expectation_config.description or rule}",
        "observed": None if meta["pii"] or not rows else str(next(iter(rows[0].values()))),
        "failing_count": count,
    }


def error_message(subject: str, meta: dict[str, Any], raised: str | None) -> str:
    """Return the sentence for a rule that could not be checked; the exception's text only when it holds no data."""
    about = " ".join([meta["rule"], *meta["columns"]])
    text = raised or "no result"
    kind = re.split(r"[:(]", text, maxsplit=1)[0].rsplit(".", 1)[-1].strip()
    detail = text if any(name in text for name in _PLAIN_EXCEPTIONS) else kind
    return f"{subject}: the rule {about!r} could not be checked ({detail[:200]})"


def counted(count: int, noun: str) -> str:
    """Return a number with its noun, as in `1 row` and `1,204 rows`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _breaks(contract: Contract, rule: str, answer: Any) -> str:
    name = answer.expectation_config.kwargs["column"]
    if rule == "required":
        return f"without {name}"
    column = contract.column(name)
    if rule == "allowed_values":
        return f"with a {name} that is not one of the {len(column.enum or ())} allowed words"
    if rule == "range":
        limits = [
            f"below {column.minimum:g}" if column.minimum is not None else "",
            f"above {column.maximum:g}" if column.maximum is not None else "",
        ]
        return f"with a {name} {' or '.join(filter(None, limits))}"
    return f"break {rule} of {name}"


def _column_difference(contract: Contract, answer: Any) -> str:
    mismatched = (answer.result.get("details") or {}).get("mismatched") or {}
    missing, surplus = sorted(mismatched.get("missing", ())), sorted(mismatched.get("unexpected", ()))
    parts = []
    if missing:
        parts.append(f"the contract's {_few(missing)} {'is' if len(missing) == 1 else 'are'} missing")
    if surplus:
        parts.append(f"{_few(surplus)} {'is' if len(surplus) == 1 else 'are'} not in the contract")
    return "; ".join(parts) or f"the columns are not those of {contract.name}"


def _type_differences(rows: list[dict[str, Any]]) -> str:
    texts = [f"{row['column_name']} is {row['found']}, the contract says {row['promised']}" for row in rows]
    return "; ".join(texts[:_SAMPLES]) + (f"; and {len(texts) - _SAMPLES} more" if len(texts) > _SAMPLES else "")


def _few(names: list[str]) -> str:
    shown = ", ".join(names[:_SAMPLES])
    return shown if len(names) <= _SAMPLES else f"{shown} and {len(names) - _SAMPLES} more"


def _index_keys(result: dict[str, Any], key: tuple[str, ...]) -> tuple[str, ...]:
    rows = result.get("unexpected_index_list") or result.get("partial_unexpected_index_list") or []
    return _row_keys(rows, list(key)) if key else ()


def _row_keys(rows: Any, names: list[str]) -> tuple[str, ...]:
    """Return a few keys as text, from rows or from one row of lists, which is how Great Expectations sums rows up."""
    if isinstance(rows, dict) or (rows and any(isinstance(rows[0].get(name), list) for name in names)):
        grouped = rows if isinstance(rows, dict) else rows[0]
        rows = [
            dict(zip(names, values, strict=False)) for values in zip(*(grouped[name] for name in names), strict=False)
        ]
    return tuple(" / ".join(str(row.get(name)) for name in names) for row in rows[:_SAMPLES])
