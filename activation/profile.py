"""Everything the company knows about one person, so that nobody has to tell it again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from activation import profile_queries as queries
from activation.published import published
from dbt_project.segments import load_segments
from identity.lookup import find_customers
from identity.masking import mask_value
from workspace.sql import connect

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from workspace.workspace import Workspace

Row = dict[str, Any]
_MASKED = {
    "full_name": "name",
    "document_number": "document",
    "email": "email",
    "phone": "phone",
    "birth_date": "birth_date",
    "street": "street",
    "street_number": "street_number",
    "address_complement": "address_complement",
    "district": "district",
    "postal_code": "postal_code",
}
_RFV_EVIDENCE = ("recency_days", "order_count", "net_revenue_amount", "recency_score", "frequency_score", "value_score")


@dataclass(frozen=True)
class SegmentReason:
    """A segment the customer is in, with the rule and the customer's own values for what the rule asks."""

    segment_kind: str
    segment_name: str
    entered_on: Any
    description: str | None
    where: str | None
    """The rule, for a declared segment."""
    because: Row


@dataclass(frozen=True)
class CustomerProfile:
    """One customer. Rows are columns of the marts by name; lists are newest first, open cases oldest first."""

    customer_id: str
    person: Row
    summary: Row
    contacts: tuple[Row, ...]
    """Last contacts in or out on any channel, with protocol numbers."""
    open_cases: tuple[Row, ...]
    orders: tuple[Row, ...]
    consents: tuple[Row, ...]
    suppressions: tuple[Row, ...]
    segments: tuple[SegmentReason, ...]
    campaigns: tuple[Row, ...]
    destinations: tuple[Row, ...]
    """Where the customer was sent to, and whether they are still there."""
    left_out: tuple[Row, ...]
    """Syncs whose audience means the customer and that did not send them, with the reason."""


@dataclass(frozen=True)
class Profile:
    """What an identifier leads to: no customer, one, or several who share it."""

    identifier: str
    run_id: str
    """Run whose published view was read."""
    is_masked: bool
    customers: tuple[CustomerProfile, ...]


def profile(ws: Workspace, identifier: str, *, masked: bool = False, most: int = 10) -> Profile:
    """Return who an identifier names and what is known about them, from the published view.

    Args:
        ws: The workspace.
        identifier: A customer id, document, e-mail, phone, card, account, protocol number or order number.
        masked: Show names, addresses and identifiers only as far as needed to recognise them.
        most: Rows in each list of contacts, cases, orders and campaigns.

    Raises:
        GateRefused: nothing is published yet.
        ConfigErrors: a segment file is not valid.
    """
    publication = published(ws)
    customers = find_customers(ws, identifier)
    segments = {segment.segment: segment for segment in load_segments(ws)}
    with connect(ws, database=publication.database, read_only=True) as con:
        found = tuple(_customer(con, customer, segments, masked=masked, most=most) for customer in customers)
    return Profile(identifier, publication.run_id, masked, found)


def _customer(
    con: DuckDBPyConnection, customer: str, segments: dict[str, Any], *, masked: bool, most: int
) -> CustomerProfile:
    def rows(query: str, table: str | None = None) -> tuple[Row, ...]:
        if table is not None and not _has_operations(con, table):
            return ()
        names = {"customer": customer, "most": most} if "$most" in query else {"customer": customer}
        cursor = con.execute(query, names)
        columns = [column[0] for column in cursor.description]
        return tuple(dict(zip(columns, row, strict=True)) for row in cursor.fetchall())

    person = next(iter(rows(queries.PERSON)), {"customer_id": customer})
    summary = next(iter(rows(queries.SUMMARY)), {})
    return CustomerProfile(
        customer_id=customer,
        person=_mask(person) if masked else person,
        summary=summary,
        contacts=rows(queries.CONTACTS),
        open_cases=rows(queries.OPEN_CASES),
        orders=rows(queries.ORDERS),
        consents=rows(queries.CONSENTS),
        suppressions=rows(queries.SUPPRESSIONS),
        segments=tuple(_reason(row, segments, summary) for row in rows(queries.SEGMENTS)),
        campaigns=rows(queries.CAMPAIGNS),
        destinations=rows(queries.DESTINATIONS, "sync_state"),
        left_out=rows(queries.LEFT_OUT, "sync_rows"),
    )


def _has_operations(con: DuckDBPyConnection, table: str) -> bool:
    # A workspace that has never activated publishes no such table.
    query = "select count(*) from duckdb_tables() where schema_name = 'ops' and table_name = ?"
    return bool(con.execute(query, [table]).fetchall()[0][0])


def _mask(person: Row) -> Row:
    return {
        name: mask_value(_MASKED[name], str(value)) if name in _MASKED and value is not None else value
        for name, value in person.items()
    }


def _reason(row: Row, segments: dict[str, Any], summary: Row) -> SegmentReason:
    declared = segments.get(row["segment_name"]) if row["segment_kind"] == "declared" else None
    asked = set(re.findall(r"[a-z_][a-z0-9_]*", declared.where.lower())) if declared else set(_RFV_EVIDENCE)
    return SegmentReason(
        segment_kind=row["segment_kind"],
        segment_name=row["segment_name"],
        entered_on=row["entered_on"],
        description=declared.description if declared else None,
        where=declared.where if declared else None,
        because={name: value for name, value in summary.items() if name in asked},
    )
