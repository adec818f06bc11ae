"""Walk the evidence between two sets of records of one customer, and show what each step rests on."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from identity.masking import mask_value
from identity.rules import DECIDED_NAME
from identity.tables import SCORED_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from identity.published import IdentityTables

_NAME_RULE_COLUMNS = ("full_name", "birth_date", "postal_code", "street_number")
EDGE_COLUMNS = ("record_id_left", "record_id_right", "rule_name", "weight", "identifier_kind", "identifier_hash")
_Edge = tuple[str, str, str, float, str | None, str | None]
"""Values of these columns."""


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

    @property
    def is_scored(self) -> bool:
        """Tell whether the model joins the two."""
        return self.rule_name == SCORED_NAME

    @property
    def sentence(self) -> str:
        """Return the step for a person."""
        why = self.rule_name.replace("_", " ")
        if self.is_scored:
            why = f"the model found them one person by {self.weight:.1f} bits"
        elif self.rule_name == DECIDED_NAME:
            why = "a person decided that they are the same"
        return f"{self.sources[0]} and {self.sources[1]}: {why}" + (f" ({self.value})" if self.value else "")


def path_between(
    tables: IdentityTables,
    first: set[str],
    second: set[str],
    members: Mapping[str, str],
    *,
    show_values: bool,
) -> tuple[Step, ...]:
    """Return the shortest path of evidence between two sets of records of one customer.

    Args:
        tables: The identity tables.
        first: Records to start from.
        second: Records to arrive at.
        members: All records of the customer, each with the customer's id.
        show_values: Whether values are shown unmasked.
    """
    edges = tables.rows("match_edges", (*EDGE_COLUMNS, "is_within_customer"), record_id_left=members)
    inside = [edge[:-1] for edge in edges if edge[-1]]
    path = _shortest_path(sorted(inside, key=strongest_first), first, second)
    return _steps(tables, path, show_values) if path else ()


def strongest_first(edge: _Edge) -> tuple[float, str, str, str]:
    """Return the key by which edges stand in the order in which they are told."""
    left, right, rule_name, weight, *_ = edge
    return -weight, rule_name, left, right


def _shortest_path(edges: list[_Edge], starts: set[str], ends: set[str]) -> list[_Edge]:
    """Return the edges of a shortest path between two sets of records, stronger edges first among equals."""
    neighbours: dict[str, list[tuple[str, _Edge]]] = {}
    for edge in edges:
        neighbours.setdefault(edge[0], []).append((edge[1], edge))
        neighbours.setdefault(edge[1], []).append((edge[0], edge))
    came: dict[str, tuple[str, _Edge] | None] = dict.fromkeys(sorted(starts))
    queue = deque(sorted(starts))
    while queue:
        record = queue.popleft()
        if record in ends:
            path = []
            while (arrived := came[record]) is not None:
                path.append(arrived[1])
                record = arrived[0]
            return path[::-1]
        for other, edge in neighbours.get(record, []):
            if other not in came:
                came[other] = (record, edge)
                queue.append(other)
    return []


def _steps(tables: IdentityTables, path: list[_Edge], show_values: bool) -> tuple[Step, ...]:
    records = {record for edge in path for record in edge[:2]}
    columns = ("record_id", "source_system", "contract", *_NAME_RULE_COLUMNS)
    sources, facts = {}, {}
    for record, system, contract, *shown in tables.rows("customer_records", columns, record_id=records):
        sources[record] = f"{system} {contract}"
        facts[record] = [None if one is None else str(one) for one in shown]
    values = shared_values(tables, path, show_values)
    steps = []
    for left, right, rule_name, weight, kind, identifier_hash in path:
        value = values.get(identifier_hash) if identifier_hash else None
        if rule_name.startswith("same_name"):
            value = _shared_facts([facts[left], facts[right]], show_values)
        steps.append(Step(left, right, rule_name, weight, kind, value, (sources[left], sources[right])))
    return tuple(steps)


def shared_values(tables: IdentityTables, edges: Iterable[_Edge], show_values: bool) -> dict[str, str]:
    """Return the value behind each hash of the edges, masked unless asked for."""
    known = [edge for edge in edges if edge[5]]
    if not known:
        return {}
    rows = tables.rows(
        "customer_identifiers",
        ("identifier_hash", "identifier_kind", "identifier_value"),
        record_id={record for edge in known for record in edge[:2]},
        identifier_hash={str(edge[5]) for edge in known},
    )
    # the first kind of a value that has several
    firsts = {one: (kind, value) for one, kind, value in sorted(rows, reverse=True)}
    return {one: value if show_values else str(mask_value(kind, value)) for one, (kind, value) in firsts.items()}


def _shared_facts(records: list[list[str | None]], show_values: bool) -> str:
    parts = []
    for name, values in zip(_NAME_RULE_COLUMNS, zip(*records, strict=True), strict=True):
        if name == "full_name" or (None not in values and len(set(values)) == 1):
            shown = sorted({value for value in values if value})
            kind = "name" if name == "full_name" else name
            parts.append(" / ".join(text if show_values else str(mask_value(kind, text)) for text in shown))
    return ", ".join(part for part in parts if part)
