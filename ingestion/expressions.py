"""The SQL of a mapping: one scalar expression over source columns, where arithmetic reads text as numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ingestion.aggregates import AGGREGATE_PREFIX, AGGREGATES, Aggregate, aggregate, argument, nodes, without_aggregates
from workspace.errors import ConfigError
from workspace.expressions import ALLOWED_FUNCTIONS, validate_expression

if TYPE_CHECKING:
    from ingestion.feeds import Feed

NUMBER_PREFIX = "__number_"
"""Column `__number_X` is source column X read as a number with the feed's decimal and thousands marks."""

MAPPING_FUNCTIONS = ALLOWED_FUNCTIONS | {
    *("number", "concat_ws", "lpad", "rpad", "regexp_replace", "regexp_extract", "strptime", "try_strptime"),
    *("make_date", "make_timestamp", "hour", "minute", "second", "week", "quarter", "dayofweek", "date_part"),
    *("date_diff", "datediff", "date_add", "to_days", "to_hours", "to_minutes", "to_seconds", "epoch_ms"),
    *("to_timestamp", "timezone", "initcap", "strip_accents", "md5", "sha256", "sign", "if", "trunc", "reverse"),
    *("instr", "strpos"),
}
_ARITHMETIC = frozenset(
    {"+", "-", "*", "/", "//", "%", "abs", "round", "ceil", "floor", "sign", "trunc", "sum", "avg"}
    | {"to_days", "to_hours", "to_minutes", "to_seconds"}
)
_NUMERIC_TYPES = ("INT", "DECIMAL", "NUMERIC", "DOUBLE", "FLOAT", "REAL")
_NUMERIC_LITERALS = ("INTEGER", "NUMERIC")


@dataclass(frozen=True)
class MappedExpression:
    """A checked expression: the SQL to run, and the source columns it reads.

    Attributes:
        sql: Over source columns; over `aggregates` and the columns of the group when the feed folds.
        columns: Source columns that `sql` reads, outside of aggregates.
        numbers: Those of them that are read as numbers.
        aggregates: In a feed that folds, what is worked out for each group first.
        folded_columns: Source columns that the aggregates read.
        folded_numbers: Those of them that are read as numbers.
    """

    sql: str
    columns: tuple[str, ...]
    numbers: tuple[str, ...] = ()
    aggregates: tuple[Aggregate, ...] = ()
    folded_columns: tuple[str, ...] = ()
    folded_numbers: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str, group_by: tuple[str, ...] | None = None) -> MappedExpression:
        """Check an expression and rewrite its arithmetic to read numbers.

        A source column used in arithmetic, compared with a number, or cast to a number is read with the feed's
        decimal mark; anywhere else a column of a text file is text. `number(X)` says so explicitly. With `group_by`
        aggregates are allowed, and any column outside of one must be a column of the group.

        Raises:
            ConfigError: not one expression, or a function that is not allowed.
        """
        return _parse(text, group_by)


def feed_expressions(feed: Feed) -> tuple[dict[str, MappedExpression], MappedExpression | None]:
    """Return the expressions of a feed by contract column, and its `where`."""
    config = feed.config
    group_by = tuple(config.group_by) if config.group_by else None
    expressions = {
        name: MappedExpression.parse(entry.sql, group_by) for name, entry in config.columns.items() if entry.sql
    }
    return expressions, MappedExpression.parse(config.where) if config.where else None


@lru_cache(maxsize=1024)
def _parse(text: str, group_by: tuple[str, ...] | None) -> MappedExpression:
    import duckdb

    with duckdb.connect() as con:

        def serialised(sql: str) -> Any:
            parsed = json.loads(con.execute("select json_serialize_sql(?)", [sql]).fetchall()[0][0])
            if parsed.get("error"):
                raise ConfigError(f"not valid SQL: {parsed.get('error_message', 'syntax error')}")
            return parsed

        def as_sql(node: Any) -> str:
            shell["statements"][0]["node"]["select_list"] = [node | {"alias": ""}]
            statement = con.execute("select json_deserialize_sql(?)", [json.dumps(shell)]).fetchall()[0][0]
            return f"({statement.removeprefix('SELECT ')})"

        shell = serialised(f"select ({text}) as value")
        functions = MAPPING_FUNCTIONS if group_by is None else MAPPING_FUNCTIONS | AGGREGATES
        validate_expression(text, _all_columns(shell), functions=functions)
        tree = _rewritten(shell["statements"][0]["node"]["select_list"][0])
        if group_by is None:
            return MappedExpression(as_sql(tree), *_columns_and_numbers(tree))
        found: dict[str, Any] = {}
        outer = without_aggregates(tree, found)
        columns, numbers = _columns_and_numbers(outer)
        strangers = [name for name in columns if name.lower() not in {key.lower() for key in group_by}]
        if strangers:
            raise ConfigError(
                f"{strangers[0]!r} is not a column of `group_by`", expected=f"an aggregate such as max({strangers[0]})"
            )
        aggregates = tuple(aggregate(name, node, as_sql) for name, node in found.items())
        inner = _columns_and_numbers(list(found.values()))
        return MappedExpression(as_sql(outer), columns, numbers, aggregates, *inner)


def _all_columns(tree: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name, _ in _references(tree)))


def _columns_and_numbers(tree: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the source columns of a rewritten tree, and those of them that are read as numbers."""
    found = [(name, is_number) for name, is_number in _references(tree) if not name.startswith(AGGREGATE_PREFIX)]
    return tuple(dict.fromkeys(name for name, _ in found)), tuple(dict.fromkeys(name for name, yes in found if yes))


def _references(tree: Any) -> Iterator[tuple[str, bool]]:
    for node in nodes(tree):
        if node.get("class") == "COLUMN_REF":
            name = ".".join(node["column_names"])
            yield name.removeprefix(NUMBER_PREFIX), name.startswith(NUMBER_PREFIX)


def _rewritten(node: Any) -> Any:
    if isinstance(node, list):
        return [_rewritten(item) for item in node]
    if not isinstance(node, dict):
        return node
    kind = node.get("class")
    if kind == "FUNCTION" and node["function_name"] == "number":
        arguments = [argument(item) for item in node["arguments"]]
        if len(arguments) != 1 or arguments[0].get("class") != "COLUMN_REF":
            raise ConfigError("number() takes one source column")
        return _as_number(arguments[0])
    return _reading_numbers({key: _rewritten(value) for key, value in node.items()})


def _reading_numbers(node: dict[str, Any]) -> dict[str, Any]:
    kind = node.get("class")
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
