"""The SQL of a mapping: one scalar expression over source columns, where arithmetic reads text as numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from workspace.errors import ConfigError
from workspace.expressions import ALLOWED_FUNCTIONS, validate_expression

NUMBER_PREFIX = "__number_"
"""Column `__number_X` is source column X read as a number with the feed's decimal and thousands marks."""

MAPPING_FUNCTIONS = ALLOWED_FUNCTIONS | frozenset(
    "number concat_ws lpad rpad regexp_replace regexp_extract strptime try_strptime make_date make_timestamp hour minute "
    "second week quarter dayofweek date_part date_diff datediff date_add to_days to_hours to_minutes to_seconds "
    "epoch_ms to_timestamp timezone initcap strip_accents md5 sha256 sign if trunc reverse instr strpos".split()
)
_ARITHMETIC = frozenset("+ - * / // % abs round ceil floor sign trunc to_days to_hours to_minutes to_seconds".split())
_NUMERIC_TYPES = ("INT", "DECIMAL", "NUMERIC", "DOUBLE", "FLOAT", "REAL")
_NUMERIC_LITERALS = ("INTEGER", "NUMERIC")


@dataclass(frozen=True)
class MappedExpression:
    """A checked expression: the SQL to run, and the source columns it reads."""

    sql: str
    columns: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> MappedExpression:
        """Check an expression and rewrite its arithmetic to read numbers.

        A source column used in arithmetic, compared with a number, or cast to a number is read with the feed's
        decimal mark; anywhere else a column of a text file is text. `number(X)` says so explicitly.

        Raises:
            ConfigError: not one expression, or a function that is not allowed.
        """
        import duckdb

        with duckdb.connect() as con:
            row = con.execute("select json_serialize_sql(?)", [f"select ({text}) as value"]).fetchall()[0]
            parsed = json.loads(row[0])
            if parsed.get("error"):
                raise ConfigError(f"not valid SQL: {parsed.get('error_message', 'syntax error')}")
            columns = tuple(dict.fromkeys(_column_names(parsed)))
            validate_expression(text, columns, functions=MAPPING_FUNCTIONS)
            tree = parsed["statements"][0]["node"]["select_list"]
            parsed["statements"][0]["node"]["select_list"] = [_rewritten(tree[0]) | {"alias": ""}]
            statement = con.execute("select json_deserialize_sql(?)", [json.dumps(parsed)]).fetchall()[0][0]
        return cls(f"({statement.removeprefix('SELECT ')})", columns)


def _column_names(tree: Any) -> Iterator[str]:
    for node in _nodes(tree):
        if node.get("class") == "COLUMN_REF":
            yield ".".join(node["column_names"])


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        for value in tree.values():
            yield from _nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _nodes(value)


def _rewritten(node: Any) -> Any:
    if isinstance(node, list):
        return [_rewritten(item) for item in node]
    if not isinstance(node, dict):
        return node
    kind = node.get("class")
    if kind == "FUNCTION" and node["function_name"] == "number":
        arguments = [_argument(item) for item in node["arguments"]]
        if len(arguments) != 1 or arguments[0].get("class") != "COLUMN_REF":
            raise ConfigError("number() takes one source column")
        return _as_number(arguments[0])
    node = {key: _rewritten(value) for key, value in node.items()}
    if kind == "FUNCTION" and node["function_name"] in _ARITHMETIC:
        node["arguments"] = [_with_number(item) for item in node["arguments"]]
    elif kind == "COMPARISON":
        left, right = node["left"], node["right"]
        if _is_number(right):
            node["left"] = _as_number(left)
        if _is_number(left):
            node["right"] = _as_number(right)
    elif kind == "BETWEEN" and _is_number(node["lower"]):
        node["input"] = _as_number(node["input"])
    elif kind == "CAST" and _casts_to_number(node):
        node["child"] = _as_number(node["child"])
    return node


def _argument(item: dict[str, Any]) -> dict[str, Any]:
    return item.get("expression", item)


def _with_number(item: dict[str, Any]) -> dict[str, Any]:
    if "expression" in item:
        return item | {"expression": _as_number(item["expression"])}
    return _as_number(item)


def _as_number(node: dict[str, Any]) -> dict[str, Any]:
    if node.get("class") == "COLUMN_REF" and not node["column_names"][-1].startswith(NUMBER_PREFIX):
        return node | {"column_names": [NUMBER_PREFIX + node["column_names"][-1]]}
    return node


def _is_number(node: dict[str, Any]) -> bool:
    if node.get("class") == "CONSTANT":
        return node.get("literal", {}).get("kind") in _NUMERIC_LITERALS
    if node.get("class") == "COLUMN_REF":
        return node["column_names"][-1].startswith(NUMBER_PREFIX)
    return node.get("class") == "FUNCTION" and node["function_name"] in _ARITHMETIC


def _casts_to_number(node: dict[str, Any]) -> bool:
    name = str(node.get("type_expr", {}).get("type_name", "")).upper()
    return any(name.startswith(prefix) or name.endswith(prefix) for prefix in _NUMERIC_TYPES)
