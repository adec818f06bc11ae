"""Say why two records are one customer, or why they are not."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from identity.lookup import Match, find_records, open_tables
from identity.masking import mask_value
from identity.published import readable_folder
from workspace.sql import connect

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from workspace.workspace import Workspace

_NAME_RULE_COLUMNS = ("full_name", "birth_date", "postal_code", "street_number")


@dataclass(frozen=True)
class Step:
    """One link of a path: two records, the rule that joins them, and the value they share (masked unless asked for)."""

    record_id_left: str
    record_id_right: str
    rule_name: str
    weight: float
    identifier_kind: str | None
    value: str | None
    sources: tuple[str, str]


@dataclass(frozen=True)
class Explanation:
    """Why two things are one customer or not.

    Args:
        left: Customer ids that the first argument names.
        right: Customer ids that the second argument names.
        is_same_customer: Whether one customer is named by both.
        steps: The shortest path of evidence between them; empty when they meet in one record, or never.
        reasons: Sentences for a person: what joins them, or what keeps them apart.
    """

    left: tuple[str, ...]
    right: tuple[str, ...]
    is_same_customer: bool
    steps: tuple[Step, ...]
    reasons: tuple[str, ...]


def why_merged(ws: Workspace, left: str, right: str, *, show_values: bool = False) -> Explanation:
    """Explain why `left` and `right` are one customer, or what keeps them apart, on the published view.

    Each may be a customer id, a record id or any identifier that `identity.lookup.find_customers` knows. Values are
    masked unless `show_values`.

    Raises:
        ConfigError: identities have never been resolved in this workspace.
    """
    first, second = find_records(ws, left), find_records(ws, right)
    sides = tuple(tuple(sorted({m.customer_id for m in side if m.customer_id})) for side in (first, second))
    shared = sorted(set(sides[0]) & set(sides[1]))
    if not first or not second:
        missing = " and ".join(name for name, side in (("the first", first), ("the second", second)) if not side)
        return Explanation(sides[0], sides[1], False, (), (f"no record is known by {missing} identifier",))
    with connect(ws) as con:
        open_tables(
            con, readable_folder(ws), "customer_crosswalk", "customer_identifiers", "customer_records", "match_edges"
        )
        if shared:
            steps, reasons = _together(con, _of(first, shared[0]), _of(second, shared[0]), shared[0], show_values)
            return Explanation(sides[0], sides[1], True, steps, reasons)
        return Explanation(sides[0], sides[1], False, (), _apart(con, first, second))


def _of(matches: list[Match], customer_id: str) -> set[str]:
    return {match.record_id for match in matches if match.customer_id == customer_id}


def _together(
    con: DuckDBPyConnection, first: set[str], second: set[str], customer_id: str, show_values: bool
) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    """Return the path between two sets of records of one customer, and the same in words."""
    if first & second:
        return (), ("one record carries both",)
    edges = con.execute(
        """
        select record_id_left, record_id_right, rule_name, weight, identifier_kind, identifier_hash from match_edges
        where customer_id = ? and is_within_customer order by weight desc, rule_name, record_id_left, record_id_right
        """,
        [customer_id],
    ).fetchall()
    path = _shortest_path(edges, first, second)
    steps = tuple(_step(con, edge, show_values) for edge in path)
    reasons = tuple(
        f"{step.sources[0]} and {step.sources[1]}: {step.rule_name.replace('_', ' ')}"
        + (f" ({step.value})" if step.value else "")
        for step in steps
    )
    return steps, reasons


def _shortest_path(edges: list[tuple], starts: set[str], ends: set[str]) -> list[tuple]:
    """Return the edges of a shortest path between two sets of records, stronger edges first among equals."""
    neighbours: dict[str, list[tuple[str, tuple]]] = {}
    for edge in edges:
        neighbours.setdefault(edge[0], []).append((edge[1], edge))
        neighbours.setdefault(edge[1], []).append((edge[0], edge))
    came: dict[str, tuple[str, tuple] | None] = dict.fromkeys(sorted(starts))
    queue = deque(sorted(starts))
    while queue:
        record = queue.popleft()
        if record in ends:
            path = []
            while came[record] is not None:
                previous, edge = came[record]  # type: ignore[misc]
                path.append(edge)
                record = previous
            return path[::-1]
        for other, edge in neighbours.get(record, []):
            if other not in came:
                came[other] = (record, edge)
                queue.append(other)
    return []


def _step(con: DuckDBPyConnection, edge: tuple, show_values: bool) -> Step:
    left, right, rule_name, weight, kind, identifier_hash = edge
    sources = dict(
        con.execute(
            "select record_id, source_system || ' ' || contract from customer_records where record_id in (?, ?)",
            [left, right],
        ).fetchall()
    )
    value = None
    if identifier_hash is not None:
        rows = con.execute(
            "select min(identifier_value) from customer_identifiers where record_id in (?, ?) and identifier_hash = ?",
            [left, right, identifier_hash],
        ).fetchall()
        value = rows[0][0] if show_values or rows[0][0] is None else mask_value(kind, rows[0][0])
    elif rule_name.startswith("same_name"):
        value = _shared_facts(con, left, right, show_values)
    return Step(left, right, rule_name, weight, kind, value, (sources.get(left, "?"), sources.get(right, "?")))


def _shared_facts(con: DuckDBPyConnection, left: str, right: str, show_values: bool) -> str:
    columns = ", ".join(f"cast({name} as VARCHAR)" for name in _NAME_RULE_COLUMNS)
    rows = con.execute(f"select {columns} from customer_records where record_id in (?, ?)", [left, right]).fetchall()
    parts = []
    for name, values in zip(_NAME_RULE_COLUMNS, zip(*rows, strict=True), strict=True):
        if name == "full_name" or (None not in values and len(set(values)) == 1):
            shown = sorted({value for value in values if value})
            kind = "name" if name == "full_name" else name
            parts.append(" / ".join(text if show_values else str(mask_value(kind, text)) for text in shown))
    return ", ".join(part for part in parts if part)


def _apart(con: DuckDBPyConnection, first: list[Match], second: list[Match]) -> tuple[str, ...]:
    """Return what keeps two sets of records apart: nobody identified, a refused edge, a conflict, a guard, or nothing
    shared."""
    reasons = []
    if any(match.customer_id is None for match in (*first, *second)):
        reasons.append("a record without customer: nothing in it identifies anybody")
    ours, theirs = ([m.record_id for m in side] for side in (first, second))
    both = _related(con, ours), _related(con, theirs)
    refused = con.execute(
        """
        select rule_name, count(*) from match_edges where not is_within_customer
            and ((list_contains($1, record_id_left) and list_contains($2, record_id_right))
            or (list_contains($2, record_id_left) and list_contains($1, record_id_right)))
        group by rule_name order by rule_name
        """,
        list(both),
    ).fetchall()
    reasons += [f"{rule.replace('_', ' ')} was refused: joining would break a constraint" for rule, _ in refused]
    documents = con.execute(
        """
        select count(*) from (select distinct document_kind as kind, document_number as number from customer_records
            where document_is_valid and list_contains($1, record_id)) a
        join (select distinct document_kind as kind, document_number as number from customer_records
            where document_is_valid and list_contains($2, record_id)) b on a.kind = b.kind and a.number <> b.number
        """,
        list(both),
    ).fetchall()[0][0]
    if documents:
        reasons.append("their documents are valid and differ: two valid documents never make one customer")
    blocked = con.execute(
        """
        select distinct a.identifier_kind, coalesce(a.block_reason, 'names differ') from customer_identifiers a
        join customer_identifiers b on a.identifier_kind = b.identifier_kind and a.identifier_value = b.identifier_value
        where list_contains($1, a.record_id) and list_contains($2, b.record_id) order by 1, 2
        """,
        list(both),
    ).fetchall()
    reasons += [f"the {kind} they share does not join them: {reason}" for kind, reason in blocked]
    return tuple(reasons) or ("they share no evidence",)


def _related(con: DuckDBPyConnection, record_ids: list[str]) -> list[str]:
    """Return the records and all others of their customers."""
    rows = con.execute(
        """
        select record_id from customer_crosswalk where list_contains($1, record_id) or customer_id in
            (select customer_id from customer_crosswalk where list_contains($1, record_id) and customer_id is not null)
        """,
        [record_ids],
    ).fetchall()
    return sorted(row[0] for row in rows)
