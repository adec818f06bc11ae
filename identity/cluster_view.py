"""Read everything that makes one customer what they are: records, evidence, what was refused, guards, decisions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from identity.explaining_together import shared_values
from identity.lookup import members_of, search_records
from identity.lookup_keys import literals
from identity.masking import mask_value
from identity.published import IdentityTables, open_tables
from identity.review.decisions import read_decisions
from identity.review.pairs import QueuedPair, read_queue
from workspace.errors import ConfigError
from workspace.sql import connect

if TYPE_CHECKING:
    from datetime import datetime

    from duckdb import DuckDBPyConnection

    from identity.review.decisions import Decision
    from workspace.workspace import Workspace

_TABLES = (
    "customer_crosswalk", "customer_id_aliases", "customer_identifiers", "customer_records", "match_edges",
    "customer_id_history", "guard_decisions",
)  # fmt: skip
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
    with connect(ws) as con:
        open_tables(con, tables.folder, *_TABLES)
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
        edges = _read_edges(con, members)
        evidence = [edge for edge in edges if edge[2] != "same_evidence"]
        lead = {right: left for left, right, rule, *_ in edges if rule == "same_evidence"}
        profiles = _profiles(con, members, lead, show_values)
        numbers = {profile.record_id: profile.number for profile in profiles}
        return ClusterView(
            customer_id=customer_id,
            folder=tables.folder.parent.name,
            profiles=profiles,
            edges=_evidence(con, tables, evidence, numbers, show_values),
            guards=_guards(con, members, show_values),
            decisions=tuple(one for one in read_decisions(ws) if set(one.pair) & {*members}),
            history=_history(con, customer_id),
            retired_ids=_retired(con, customer_id),
            waiting=tuple(
                pair for pair in read_queue(ws) if customer_id in (pair.customer_id_left, pair.customer_id_right)
            ),
        )


def _read_edges(con: DuckDBPyConnection, members: list[str]) -> list[tuple[Any, ...]]:
    """Return the edges with an end among the members; the last field is the record on the other side."""
    listed = literals(members)
    return con.execute(
        f"""
        select record_id_left, record_id_right, rule_name, weight, identifier_kind, identifier_hash, is_within_customer
        from match_edges where record_id_left in ({listed}) or record_id_right in ({listed})
        order by weight desc, rule_name, record_id_left, record_id_right, identifier_hash
        """
    ).fetchall()


def _profiles(
    con: DuckDBPyConnection, members: list[str], lead: dict[str, str], show_values: bool
) -> tuple[Profile, ...]:
    columns = ", ".join(f"cast({name} as VARCHAR)" for name in _SHOWN)
    rows = con.execute(
        f"""
        select record_id, source_system || ' ' || contract, first_seen_at, last_seen_at, {columns}
        from customer_records where record_id in ({literals(members)}) order by record_id
        """
    ).fetchall()
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
    con: DuckDBPyConnection,
    tables: IdentityTables,
    edges: list[tuple[Any, ...]],
    numbers: dict[str, int],
    show_values: bool,
) -> tuple[Evidence, ...]:
    values = shared_values(tables, [edge[:6] for edge in edges], show_values)
    strangers = {record for edge in edges for record in edge[:2] if record not in numbers}
    others = dict(
        con.execute(
            f"select record_id, customer_id from customer_crosswalk where record_id in ({literals(strangers)})"
        ).fetchall()
    )
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
    con: DuckDBPyConnection, members: list[str], show_values: bool
) -> tuple[tuple[str, str, str, int | None], ...]:
    rows = con.execute(
        f"""
        with held as (
            select distinct identifier_kind as kind, identifier_value as value, identifier_hash as hash, block_reason
            from customer_identifiers where record_id in ({literals(members)})
        )
        select h.kind, h.value, coalesce(h.block_reason, g.reason), g.record_count
        from held h
        join guard_decisions g on g.identifier_kind = h.kind and g.identifier_hash = h.hash
        where g.decision <> 'allowed'
        order by all
        """
    ).fetchall()
    return tuple(
        (kind, value if show_values else str(mask_value(kind, value)), reason, count)
        for kind, value, reason, count in rows
    )


def _history(con: DuckDBPyConnection, customer_id: str) -> tuple[Change, ...]:
    rows = con.execute(
        """
        select changed_at, run_id, reason, old_customer_id, new_customer_id, count(*), min(evidence)
        from customer_id_history where old_customer_id = $1 or new_customer_id = $1
        group by all order by changed_at, run_id, reason, old_customer_id nulls first, new_customer_id nulls first
        """,
        [customer_id],
    ).fetchall()
    return tuple(Change(*row) for row in rows)


def _retired(con: DuckDBPyConnection, customer_id: str) -> tuple[str, ...]:
    rows = con.execute(
        "select retired_customer_id from customer_id_aliases where customer_id = $1 order by 1", [customer_id]
    ).fetchall()
    return tuple(row[0] for row in rows)
