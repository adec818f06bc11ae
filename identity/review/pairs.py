"""Read the review queue, and lay the two records of a pair side by side for a person."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from identity.lookup import find_records
from identity.masking import mask_value
from identity.published import IdentityTables, open_tables, readable_folder
from identity.review.decisions import read_decisions
from workspace.errors import ConfigError
from workspace.sql import connect

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from workspace.workspace import Workspace

WORDS = {
    "birth_dates_differ": "the customer holds two birth dates",
    "component_cut": "a constraint already cut a part off this group",
    "too_large": "the customer is as large as the limit allows",
    "weak_bridge": "nothing but this weak link holds the two sides together",
    "shared_value": "other customers carry the shared value too",
    "landline": "the shared number is a landline",
    "nobody_named": "one side shows no name",
    "device_only": "nothing but a device joins them",
    "name_only": "nothing but a rare name joins them",
    "names_differ": "family or middle names differ",
    "weak_link": "it is the weakest link of the customer",
    "same_document_other_name": "one document stands under two names",
    "refused_email": "an e-mail would join them, but a constraint refused it",
    "refused_phone": "a telephone would join them, but a constraint refused it",
    "refused_place": "name and place or date would join them, but a constraint refused it",
    "refused_other": "an identifier would join them, but a constraint refused it",
    "ambiguous_value": "the one without a name shares a value with several people",
}
"""Each reason of the queue, for a person."""
_FIELDS = {
    # shown as, kind for masking, what is compared
    "full_name": ("name", "name", "lower(strip_accents(full_name))"),
    "document_number": ("document", "document", "document_number"),
    "birth_date": ("birth date", "birth_date", "birth_date"),
    "email": ("e-mail", "email", "email_key"),
    "email_secondary": ("second e-mail", "email", "lower(email_secondary)"),
    "phone": ("telephone", "phone", "phone_key"),
    "phone_secondary": ("second telephone", "phone", "phone_secondary"),
    "loyalty_card_id": ("loyalty card", "loyalty_card", "loyalty_card_id"),
    "account_id": ("account", "account", "account_id"),
    "device_id": ("device", "device", "device_id"),
    "street": ("street", "street", "lower(strip_accents(street))"),
    "street_number": ("number", "street_number", "street_number"),
    "address_complement": ("complement", "address_complement", "lower(strip_accents(address_complement))"),
    "postal_code": ("postal code", "postal_code", "postal_code"),
    "city": ("city", None, "lower(strip_accents(city))"),
    "first_seen_at": ("first seen", None, "null"),
    "last_seen_at": ("last seen", None, "null"),
    "row_count": ("rows", None, "null"),
}


@dataclass(frozen=True)
class QueuedPair:
    """A pair that a person should judge. `score` is the probability that today's outcome is wrong."""

    review_id: str
    record_id_left: str
    record_id_right: str
    customer_id_left: str | None
    customer_id_right: str | None
    kind: str
    rule_name: str | None
    score: float
    records_at_stake: int
    priority: float
    reasons: tuple[str, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return why the pair is listed, for a person."""
        return tuple(WORDS[reason] for reason in self.reasons)


_PAIR_COLUMNS = tuple(field.name for field in fields(QueuedPair))
"""Columns of `review_queue`."""


@dataclass(frozen=True)
class Line:
    """One field of both records; `agrees` is None where a side says nothing or there is nothing to compare."""

    field: str
    left: str | None
    right: str | None
    agrees: bool | None


@dataclass(frozen=True)
class PairView:
    """Two records side by side.

    Args:
        sources: Where each record comes from.
        lines: The fields that at least one of them fills.
        shared: Identifiers that both carry, whichever field they stand in: kind, value, and why it may not join.
    """

    sources: tuple[str, str]
    lines: tuple[Line, ...]
    shared: tuple[tuple[str, str, str | None], ...]


def read_queue(ws: Workspace, *, limit: int | None = None, again: bool = False) -> list[QueuedPair]:
    """Return the pairs that nobody has judged since the queue was made, best use of a person's time first.

    Args:
        ws: Workspace; the published queue is read, or the build's while nothing is published.
        limit: Most pairs returned.
        again: Include the pairs that somebody was unsure about.

    Raises:
        ConfigError: identities have never been resolved in this workspace.
    """
    judged = _judged(ws, again=again)
    rows = IdentityTables.of(ws).rows("review_queue", _PAIR_COLUMNS)
    return [_pair(row) for row in rows if (row[1], row[2]) not in judged][:limit]


def queued_pairs(ws: Workspace, tables: IdentityTables, customer_id: str) -> tuple[QueuedPair, ...]:
    """Return the pairs with a record of one customer that nobody has judged, best use of a person's time first."""
    judged = _judged(ws)
    sides = ("customer_id_left", "customer_id_right")
    rows = {row for side in sides for row in tables.rows("review_queue", _PAIR_COLUMNS, **{side: [customer_id]})}
    found = [_pair(row) for row in rows if (row[1], row[2]) not in judged]
    return tuple(sorted(found, key=lambda pair: (-pair.priority, pair.review_id)))


def _judged(ws: Workspace, *, again: bool = False) -> set[tuple[str, str]]:
    last = {one.pair: one.decision for one in read_decisions(ws)}
    return {pair for pair, decision in last.items() if not (again and decision == "unsure")}


def _pair(row: tuple[Any, ...]) -> QueuedPair:
    facts = dict(zip(_PAIR_COLUMNS, row, strict=True))
    return QueuedPair(**facts | {"reasons": tuple(facts["reasons"].split(", "))})


def show_pair(ws: Workspace, left: str, right: str, *, show_values: bool = False) -> PairView:
    """Lay two records side by side; values are masked unless `show_values`.

    Raises:
        ConfigError: a record is not in the view.
    """
    with connect(ws) as con:
        open_tables(con, readable_folder(ws), "customer_records", "customer_identifiers")
        shown = [f"cast({name} as VARCHAR)" for name in _FIELDS]
        columns = ", ".join([*shown, *(compared for _, _, compared in _FIELDS.values())])
        rows = con.execute(
            f"select record_id, source_system || ' ' || contract, {columns} from customer_records "
            "where record_id = $1 or record_id = $2",
            [left, right],
        ).fetchall()
        found = {row[0]: row[1:] for row in rows}
        if left not in found or right not in found:
            raise ConfigError("a record of the pair is not in the view", hint="Run `unavista run`, then review again")
        shared = _shared(con, left, right, show_values)
    return PairView((found[left][0], found[right][0]), _lines(found[left][1:], found[right][1:], show_values), shared)


def _lines(left: tuple, right: tuple, show_values: bool) -> tuple[Line, ...]:
    lines = []
    for place, (label, kind, _) in enumerate(_FIELDS.values()):
        ours, theirs = left[place], right[place]
        if ours is None and theirs is None:
            continue
        keys = left[len(_FIELDS) + place], right[len(_FIELDS) + place]
        agrees = None if None in keys else keys[0] == keys[1]
        if kind is not None and not show_values:
            ours, theirs = mask_value(kind, ours), mask_value(kind, theirs)
        lines.append(Line(label, ours, theirs, agrees))
    return tuple(lines)


def _shared(
    con: DuckDBPyConnection, left: str, right: str, show_values: bool
) -> tuple[tuple[str, str, str | None], ...]:
    rows = con.execute(
        """
        select distinct a.identifier_kind, a.identifier_value, a.block_reason
        from (select * from customer_identifiers where record_id = $1) a
        join (select * from customer_identifiers where record_id = $2) b
            on a.identifier_kind = b.identifier_kind and a.identifier_value = b.identifier_value
        order by all
        """,
        [left, right],
    ).fetchall()
    return tuple((kind, value if show_values else str(mask_value(kind, value)), reason) for kind, value, reason in rows)


def named_pair(ws: Workspace, left: str, right: str) -> tuple[str, str]:
    """Return the record ids that two arguments of a person name: a record, or anything that names one customer.

    Where an argument names several records of one customer the first of them stands for it, one that the other
    argument does not name if there is such a record.

    Raises:
        ConfigError: an argument names nobody or several customers, or both name one record.
    """
    ours, theirs = _records_of(ws, left), _records_of(ws, right)
    first = sorted(ours - theirs) or sorted(ours)
    second = sorted(theirs - ours) or sorted(theirs - set(first[:1]))
    if not second:
        raise ConfigError("both arguments name one record", expected="two records")
    return first[0], second[0]


def _records_of(ws: Workspace, text: str) -> set[str]:
    matches = find_records(ws, text)
    if not matches:
        raise ConfigError(
            "no record is known by an argument", expected="a record id, a customer id or any identifier",
            hint="`unavista identity review --list` shows record ids",
        )  # fmt: skip
    if len({match.customer_id for match in matches}) > 1:
        raise ConfigError(
            "an argument names records of several customers",
            expected="a record id",
            hint="`unavista why-not` says who they are",
        )
    return {match.record_id for match in matches}
