"""Take the aggregates out of a folding expression, so that each is worked out over a group before the rest is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from workspace.errors import ConfigError

AGGREGATE_PREFIX = "__aggregate_"
AGGREGATES = frozenset({"sum", "avg", "min", "max", "count", "count_star", "any_value", "bool_or", "bool_and"})


@dataclass(frozen=True)
class Aggregate:
    """One aggregate of a folding expression, worked out over the source rows of a group.

    Attributes:
        name: Column that holds its value in the folded rows.
        sql: The aggregate.
        fails: SQL over one source row that is true when the argument cannot be worked out there.
    """

    name: str
    sql: str
    fails: str | None


def without_aggregates(node: Any, found: dict[str, Any]) -> Any:
    """Put a column in the place of each aggregate, and collect the aggregates by that column's name."""
    if isinstance(node, list):
        return [without_aggregates(item, found) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("class") != "FUNCTION" or node["function_name"] not in AGGREGATES:
        return {key: without_aggregates(value, found) for key, value in node.items()}
    if any(one.get("function_name") in AGGREGATES for one in nodes(node["arguments"])):
        raise ConfigError("an aggregate cannot stand inside another")
    plain = _without_positions(node)
    name = AGGREGATE_PREFIX + hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:12]
    # the first of many values would depend on the order of rows: the least does not
    least = {"function_name": "min", "qualified_name": {"path": ["min"]}}
    found[name] = node | least if node["function_name"] == "any_value" else node
    return {
        "class": "COLUMN_REF", "type": "COLUMN_REF", "alias": "", "query_location": 0, "column_names": [name],
    }  # fmt: skip


def _without_positions(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_positions(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {key: _without_positions(value) for key, value in node.items() if not key.startswith("query_location")}


def aggregate(name: str, node: dict[str, Any], as_sql: Callable[[Any], str]) -> Aggregate:
    """Return the aggregate of a parse tree's node; an argument that can fail gives null, and `fails` tells so."""
    arguments = [argument(item) for item in node["arguments"]]
    worked_out = [as_sql(one) for one in arguments if one.get("class") != "COLUMN_REF"]
    fails = " or ".join(f"try(struct_pack(v := {sql})) is null" for sql in worked_out) or None
    if fails:
        safe = [
            item if argument(item).get("class") == "COLUMN_REF" else _wrapped_in_try(item) for item in node["arguments"]
        ]
        node = node | {"arguments": safe}
    return Aggregate(name, as_sql(node), fails)


def _wrapped_in_try(item: dict[str, Any]) -> dict[str, Any]:
    attempt = {
        "class": "OPERATOR", "type": "OPERATOR_TRY", "alias": "", "query_location": 0, "children": [argument(item)],
    }  # fmt: skip
    return item | {"expression": attempt} if "expression" in item else attempt


def nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Yield every node of a parse tree."""
    if isinstance(tree, dict):
        yield tree
        for value in tree.values():
            yield from nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from nodes(value)


def argument(item: dict[str, Any]) -> dict[str, Any]:
    """Return the expression of a function's argument."""
    return item.get("expression", item)
