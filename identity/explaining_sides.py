"""Read the two sides of a question at once: their records, what these show, and the evidence between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from identity.explaining_together import EDGE_COLUMNS, strongest_first
from identity.hashing import hash_salt, hash_value
from identity.lookup import members_of
from identity.lookup_keys import REFUSED, records_with
from identity.near_rules import READ

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from identity.lookup import Match
    from identity.published import IdentityTables

_IDENTIFIERS = ("email_key", "phone_key", "document_number")
_VERIFIED = ("document_is_valid", "phone_key", "loyalty_card_id", "account_id")
_COLUMNS = (*READ, "local_key", "is_deleted")
_HELD = {
    "record_id": "record_id", "kind": "identifier_kind", "value": "identifier_value", "is_blocked": "is_blocked",
    "reason": "block_reason",
}  # fmt: skip
_Row = dict[str, Any]


class Document(NamedTuple):
    """A valid document."""

    kind: str
    number: str
    is_company: bool


@dataclass(frozen=True)
class Side:
    """The records that one argument names, and all others of their customers.

    Args:
        named: Records named, and the customer of each.
        everyone: Ids of these records and of all others of their customers.
        leads: Those that stand for all that show the same.
        records: Rows of the leads.
        held: Identifiers of the leads.
    """

    named: Mapping[str, str | None]
    everyone: frozenset[str]
    leads: frozenset[str]
    records: list[_Row]
    held: list[_Row]

    def documents(self) -> set[Document]:
        """Return the valid documents of the side."""
        return {
            Document(one["document_kind"], one["document_number"], one["document_is_company"])
            for one in self.records
            if one["document_is_valid"]
        }

    def compared(self) -> list[_Row]:
        """Return the rows that rules compare: what is erased is no evidence."""
        return [one for one in self.records if not one["is_deleted"]]


def read_sides(tables: IdentityTables, found: Sequence[list[Match]], *, most: int) -> tuple[Side, Side, list[tuple]]:
    """Return both sides, and the edges between them: those that were refused.

    Args:
        tables: The identity tables.
        found: The records of each side; no customer is on both.
        most: Records of both that are all taken for leads; of more, one stands for all that show the same.
    """
    members = members_of(tables, {one.customer_id for side in found for one in side if one.customer_id})
    named = [{one.record_id: one.customer_id for one in side} for side in found]
    everyone = [
        frozenset(one).union(record for record, customer in members.items() if customer in one.values())
        for one in named
    ]
    edges, followers = _edges(tables, *everyone, most=most)
    leads = [(whole - followers) | frozenset(one) for whole, one in zip(everyone, named, strict=True)]
    chosen = leads[0] | leads[1]
    records = _read_records(tables, _COLUMNS, chosen)
    rows = tables.rows("customer_identifiers", [*_HELD.values()], record_id=chosen)
    held = [dict(zip(_HELD, row, strict=True)) for row in rows] + _local_numbers(tables, records)
    ours, theirs = (
        Side(
            named[side],
            everyone[side],
            leads[side],
            [one for one in records if one["record_id"] in leads[side]],
            [one for one in held if one["record_id"] in leads[side]],
        )
        for side in (0, 1)
    )
    return ours, theirs, edges


def weighed_records(tables: IdentityTables, sides: Sequence[Side], scope: str) -> list[str] | None:
    """Return of each side the first record named that the model weighs, as `identity.scoring.participants` has it; None
    where a side has none."""
    columns = ("record_id", "full_name", "birth_date", *_IDENTIFIERS, *_VERIFIED)
    weighed = {
        one["record_id"]
        for one in _read_records(tables, columns, {record for side in sides for record in side.named})
        if (one["full_name"] or (one["birth_date"] and any(one[name] for name in _IDENTIFIERS)))
        and (scope == "all" or not any(one[name] for name in _VERIFIED))
    }
    open_records = [weighed.intersection(side.named) for side in sides]
    return [min(one) for one in open_records] if all(open_records) else None


def _read_records(tables: IdentityTables, columns: Sequence[str], records: Iterable[str]) -> list[_Row]:
    """Return rows of `customer_records`; a publication of an earlier version may lack a column."""
    there = tables.columns("customer_records")
    known = [name for name in dict.fromkeys(columns) if name in there]
    return [
        dict.fromkeys(columns) | dict(zip(known, row, strict=True))
        for row in tables.rows("customer_records", known, record_id=records)
    ]


def _local_numbers(tables: IdentityTables, records: Sequence[_Row]) -> list[_Row]:
    """Return the telephones without area code as identifiers held, with the decision of the guards."""
    salt = hash_salt(tables.ws)
    numbers = {one["local_key"]: hash_value(one["local_key"], salt) for one in records if one["local_key"]}
    blocked = dict(
        tables.rows(
            "guard_decisions",
            ("identifier_hash", "reason"),
            identifier_kind=["local_number"],
            identifier_hash=numbers.values(),
            decision=["blocked"],
        )
    )
    return [
        {
            "record_id": one["record_id"],
            "kind": "local_number",
            "value": one["local_key"],
            "is_blocked": numbers[one["local_key"]] in blocked,
            "reason": blocked.get(numbers[one["local_key"]]),
        }
        for one in records
        if one["local_key"]
    ]


def _edges(
    tables: IdentityTables, ours: frozenset[str], theirs: frozenset[str], *, most: int
) -> tuple[list[tuple[Any, ...]], set[str]]:
    """Return the edges from one side to the other, and the records that another of their side stands for."""
    both = ours | theirs
    is_many = len(both) > most
    # few edges are refused, and the index knows them; which records show the same only the edges know
    lefts = both if is_many else {left for left, _, _ in records_with(tables, [(REFUSED, one) for one in both])}
    edges = tables.rows("match_edges", (*EDGE_COLUMNS, "is_within_customer"), record_id_left=lefts & both)
    followers = {edge[1] for edge in edges if is_many and edge[2] == "same_evidence"}
    between = [
        edge[:-1]
        for edge in edges
        if edge[2] != "same_evidence" and not edge[-1] and edge[1] in both and (edge[0] in ours) != (edge[1] in ours)
    ]
    return sorted(between, key=strongest_first), followers
