"""Check the one kind of SQL that configuration may hold: a single boolean expression over known columns."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from workspace.errors import ConfigError
from workspace.sql import connect

_HARMLESS = (
    "abs ceil coalesce concat contains date_trunc day ends_with floor greatest ifnull least left length list_contains "
    "lower ltrim month nullif prefix regexp_matches replace right round rtrim split_part starts_with substr substring "
    "suffix trim try_cast upper year "
    "+ - * / % || ~~ !~~ ~~* !~~* and or not = <> < > <= >="
)
ALLOWED_FUNCTIONS = frozenset(_HARMLESS.split())


def validate_expression(
    text: str,
    columns: Collection[str],
    *,
    file: Path | str | None = None,
    line: int | None = None,
    key: str | None = None,
    functions: Collection[str] = ALLOWED_FUNCTIONS,
) -> str:
    """Return `text` when it is one SQL expression over `columns`, using only harmless functions.

    Sub-queries, several statements, parameters, table functions and unknown columns are refused, so that configuration
    can neither read files nor reach other tables.

    Raises:
        ConfigError: naming the first thing that is not allowed.
    """

    def refuse(message: str, expected: str | None = None) -> ConfigError:
        return ConfigError(message, file=file, line=line, key=key, expected=expected)

    tree = _parse(text, refuse)
    known = {column.lower() for column in columns}
    for node in _walk(tree):
        kind = node.get("class")
        if kind in {"SUBQUERY", "PARAMETER", "STAR", "WINDOW"}:
            raise refuse(f"{kind.lower()} is not allowed in an expression")
        if kind == "COLUMN_REF":
            name = ".".join(node["column_names"])
            if name.lower() not in known:
                raise refuse(f"unknown column {name!r}", expected=_nearest(name, known))
        if kind == "FUNCTION" and node["function_name"].lower() not in functions:
            raise refuse(f"function {node['function_name']!r} is not allowed in an expression")
    return text.strip()


def _parse(text: str, refuse: Any) -> Any:
    if ";" in text or "--" in text or "/*" in text:
        raise refuse("an expression holds no `;` and no comment")
    with connect() as con:
        row = con.execute("select json_serialize_sql(?)", [f"select ({text}) as expression"]).fetchall()[0][0]
    parsed = json.loads(row)
    if parsed.get("error"):
        raise refuse(f"not valid SQL: {parsed.get('error_message', 'syntax error')}")
    statements = parsed["statements"]
    node = statements[0]["node"]
    if len(statements) != 1 or node.get("type") != "SELECT_NODE" or len(node["select_list"]) != 1:
        raise refuse("exactly one expression is allowed")
    if node["from_table"].get("type") != "EMPTY" or node.get("where_clause"):
        raise refuse("exactly one expression is allowed")
    return node["select_list"]


def _walk(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        for value in tree.values():
            yield from _walk(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _walk(value)


def _nearest(name: str, known: Collection[str]) -> str | None:
    from difflib import get_close_matches

    close = get_close_matches(name.lower(), sorted(known), n=3, cutoff=0.5)
    return " or ".join(close) if close else None
