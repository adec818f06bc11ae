"""Read everything that makes one customer what they are: records, evidence, what was refused, guards, decisions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from identity.explaining_together import EDGE_COLUMNS, shared_values
from identity.lookup import members_of, search_records
from identity.lookup_keys import FORMER_CUSTOMER, REFUSED, records_with
from identity.masking import mask_value
from identity.published import IdentityTables
from identity.review.decisions import read_decisions
from identity.review.pairs import QueuedPair, queued_pairs
from workspace.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from identity.review.decisions import Decision
    from workspace.workspace import Workspace

_SHOWN = {
    "full_name": "name",
    "document_number": "document",
    "email": "email",
    "phone": "phone",
    "birth_date": "birth_date",
    "city": None,
}
"""Facts of a record on the page, and how each is masked."""


@dataclass(frozen=True)
class Profile:
    """Records of one customer that show the same, drawn as one node."""

    number: int
    record_id: str
    source: str
    facts: dict[str, str | None]
    sources: tuple[tuple[str, int], ...]
    """Where the records come from, and how many from each."""
    first_seen_at: datetime | None
    last_seen_at: datetime | None

    @property
    def record_count(self) -> int:
        """Return how many records show this."""
        return sum(count for _, count in self.sources)


@dataclass(frozen=True)
class Evidence:
    """An edge of the graph, from one profile's number to another's or, refused, to another customer's record."""

    left: int
    right: int | None
    rule_name: str
    weight: float
    identifier_kind: str | None
    value: str | None
    other_customer_id: str | None = None
    """Who is on the other side of an edge that was refused; None where it holds."""


@dataclass(frozen=True)
class Change:
    """Records that changed to or from the customer at once."""

    changed_at: datetime
    run_id: str
    reason: str
    old_customer_id: str | None
    new_customer_id: str | None
    record_count: int
    evidence: str | None


@dataclass(frozen=True)
class ClusterView:
    """One customer, as identity sees them. Values are masked unless asked for."""

    customer_id: str
    folder: str
    profiles: tuple[Profile, ...]
    edges: tuple[Evidence, ...]
    guards: tuple[tuple[str, str, str, int | None], ...]
    """Kind and value that do not join, why, and how many records carry it."""
    decisions: tuple[Decision, ...]
    history: tuple[Change, ...]
    retired_ids: tuple[str, ...]
    waiting: tuple[QueuedPair, ...]
    """Pairs of the customer that a person should judge."""

    @property
    def record_count(self) -> int:
        """Return how many records the customer has."""
        return sum(profile.record_count for profile in self.profiles)


def read_cluster(ws: Workspace, identifier: str, *, show_values: bool = False) -> ClusterView:
    """Return what is known of the customer that an identifier names.

    Raises:
        ConfigError: it names nobody or several customers.
    """
    tables = IdentityTables.of(ws)
    named = {match.customer_id for match in search_records(tables, identifier)} - {None}
    if len(named) != 1:
        known = f"{len(named)} customers share" if named else "no customer is known by"
        raise ConfigError(
            f"{known} this identifier",
            expected="a customer id, or anything that names one customer",
            hint="`unavista profile` lists who they are",
        )
    (customer_id,) = (str(one) for one in named)
    members = sorted(members_of(tables, [customer_id]))
    edges = _read_edges(tables, members)
    evidence = [edge for edge in edges if edge[2] != "same_evidence"]
    lead = {right: left for left, right, rule, *_ in edges if rule == "same_evidence"}
    profiles = _profiles(tables, members, lead, show_values)
    numbers = {profile.record_id: profile.number for profile in profiles}
    return ClusterView(
        customer_id=customer_id,
        folder=tables.folder.parent.name,
        profiles=profiles,
        edges=_evidence(tables, evidence, numbers, show_values),
        guards=_guards(tables, members, show_values),
        decisions=tuple(one for one in read_decisions(ws) if set(one.pair) & {*members}),
        history=_history(tables, members, customer_id),
        retired_ids=_retired(tables, customer_id),
        waiting=queued_pairs(ws, tables, customer_id),
    )


def _read_edges(tables: IdentityTables, members: Collection[str]) -> list[tuple[Any, ...]]:
    """Return the edges with an end among the members; the last field is whether the customer holds them.

    They stand by their left end. A refused one may have a stranger there, whom the index knows.
    """
    strangers = {left for left, _, _ in records_with(tables, [(REFUSED, member) for member in members])}
    columns = (*EDGE_COLUMNS, "is_within_customer")
    rows = tables.rows("match_edges", columns, record_id_left={*members, *strangers})
    ours = [row for row in rows if row[0] in members or row[1] in members]
    return sorted(ours, key=lambda row: (-row[3], row[2], row[0], row[1], row[5] is None, row[5]))


def _profiles(
    tables: IdentityTables, members: Collection[str], lead: dict[str, str], show_values: bool
) -> tuple[Profile, ...]:
    columns = ("record_id", "source_system", "contract", "first_seen_at", "last_seen_at", *_SHOWN)
    rows = [
        (record, f"{system} {contract}", first, last, *(None if one is None else str(one) for one in shown))
        for record, system, contract, first, last, *shown in tables.rows("customer_records", columns, record_id=members)
    ]
    groups: dict[str, list[tuple]] = {}
    for row in rows:
        groups.setdefault(lead.get(row[0], row[0]), []).append(row)
    profiles = []
    for number, (first, group) in enumerate(sorted(groups.items(), key=lambda one: (-len(one[1]), one[0])), 1):
        row = next(row for row in group if row[0] == first)
        sources: dict[str, int] = {}
        for one in group:
            sources[one[1]] = sources.get(one[1], 0) + 1
        facts = {
            name: value if show_values or kind is None else mask_value(kind, value)
            for (name, kind), value in zip(_SHOWN.items(), row[4:], strict=True)
        }
        seen = [[one[place] for one in group if one[place] is not None] for place in (2, 3)]
        profiles.append(
            Profile(
                number, first, row[1], facts, tuple(sorted(sources.items())),
                min(seen[0], default=None), max(seen[1], default=None),
            )
        )  # fmt: skip
    return tuple(profiles)


def _evidence(
    tables: IdentityTables, edges: list[tuple[Any, ...]], numbers: dict[str, int], show_values: bool
) -> tuple[Evidence, ...]:
    values = shared_values(tables, [edge[:6] for edge in edges], show_values)
    strangers = {record for edge in edges for record in edge[:2] if record not in numbers}
    others = dict(tables.rows("customer_crosswalk", ("record_id", "customer_id"), record_id=strangers))
    found = []
    for left, right, rule_name, weight, kind, identifier_hash, inside in edges:
        ours = [record for record in (left, right) if record in numbers]
        other = next((record for record in (left, right) if record not in numbers), None)
        found.append(
            Evidence(
                numbers[ours[0]], numbers[ours[1]] if len(ours) == 2 else None, rule_name, weight, kind,
                values.get(identifier_hash), None if inside else others.get(other) or "nobody",
            )
        )  # fmt: skip
    return tuple(found)


def _guards(
    tables: IdentityTables, members: Collection[str], show_values: bool
) -> tuple[tuple[str, str, str, int | None], ...]:
    shown = ("identifier_kind", "identifier_value", "identifier_hash", "block_reason")
    held = set(tables.rows("customer_identifiers", shown, record_id=members))
    decided = ("identifier_kind", "identifier_hash", "decision", "reason", "record_count")
    rows = tables.rows("guard_decisions", decided, identifier_hash={row[2] for row in held})
    guards = {
        (kind, hashed): (reason, count) for kind, hashed, decision, reason, count in rows if decision != "allowed"
    }
    found = []
    for kind, value, hashed, blocked in sorted(held, key=lambda row: row[:3]):
        if (kind, hashed) in guards:
            reason, count = guards[kind, hashed]
            found.append((kind, value if show_values else str(mask_value(kind, value)), blocked or reason, count))
    return tuple(found)


def _history(tables: IdentityTables, members: Collection[str], customer_id: str) -> tuple[Change, ...]:
    left = {record for record, _, _ in records_with(tables, [(FORMER_CUSTOMER, customer_id)])}
    columns = ("changed_at", "run_id", "reason", "old_customer_id", "new_customer_id", "evidence")
    rows = tables.rows("customer_id_history", columns, record_id={*members, *left})
    changes: dict[tuple[Any, ...], list[str]] = {}
    for row in rows:
        if customer_id in row[3:5]:
            changes.setdefault(row[:5], []).append(row[5])
    found = []
    for change in sorted(changes, key=lambda one: (*one[:3], one[3] or "", one[4] or "")):
        at, run, reason, old, new = change
        texts = changes[change]
        first = min((text for text in texts if text), default=None)
        found.append(Change(at, run, reason, old, new, len(texts), first))
    return tuple(found)


def _retired(tables: IdentityTables, customer_id: str) -> tuple[str, ...]:
    rows = tables.rows("customer_id_aliases", ("retired_customer_id",), customer_id=[customer_id])
    return tuple(sorted(row[0] for row in rows))
