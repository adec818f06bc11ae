"""Find the customers that an identifier names, whatever kind of identifier it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from identity.lookup_keys import CUSTOMER, SOURCE_ID, records_with
from identity.normalising.documents import DOCUMENTS
from identity.normalising.emails import EMAILS
from identity.normalising.identifiers import IDENTIFIERS
from identity.normalising.phones import PHONES
from identity.normalising.stages import apply_to_value
from identity.published import IdentityTables
from workspace.sql import connect

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workspace.workspace import Workspace

_BY_CUSTOMER_ID, _BY_NUMBER = WHOLE = ("customer_id", "number")
"""By what a whole customer is found: its id, or the number of a contact or an order."""
_RECORD_ID, _CUSTOMER_ID = re.compile("[0-9a-f]{32}"), re.compile("[0-9a-f]{24}")
_FEWEST_DIGITS = 5
"""Digits that a telephone or a document has at least."""
_MART_KEYS = {
    "fct_service_contacts": ("protocol_number", "case_id"),
    "fct_orders": ("source_order_id", "order_id"),
}


@dataclass(frozen=True)
class Match:
    """A record that an identifier names, and by which kind of identifier."""

    record_id: str
    customer_id: str | None
    found_by: str


def find_customers(ws: Workspace, identifier: str) -> list[str]:
    """Return the ids of the customers that `identifier` names, sorted.

    It may be a customer id (a retired one leads to today's), a record id, a document, e-mail, phone, loyalty card,
    account or source customer id, a protocol number or an order number; it is normalised as the pipeline does. The
    published view is read, or the build while nothing is published.

    Raises:
        ConfigError: identities have never been resolved in this workspace.
    """
    return sorted({match.customer_id for match in find_records(ws, identifier) if match.customer_id})


def find_records(ws: Workspace, identifier: str) -> list[Match]:
    """Return the records that `identifier` names, by record id; blocked values name nobody."""
    return search_records(IdentityTables.of(ws), identifier)


def search_records(tables: IdentityTables, identifier: str) -> list[Match]:
    """Return the same of tables at hand."""
    text = identifier.strip()
    rows = _by_id(tables, text) or _by_value(tables, text)
    if not any(customer_id for _, customer_id, _ in rows):
        rows += _by_number(tables, text)
    return sorted({Match(*row) for row in rows}, key=lambda match: (match.record_id, match.found_by))


def members_of(tables: IdentityTables, customer_ids: Iterable[str]) -> dict[str, str]:
    """Return the records of customers, and the customer of each."""
    found = records_with(tables, [(CUSTOMER, customer_id) for customer_id in customer_ids])
    return {record: customer_id for record, _, customer_id in found}


def possible_values(ws: Workspace, text: str) -> list[tuple[str, str]]:
    """Return what a text may be as an identifier: kind and normalised value."""
    country = ws.settings.country
    key = apply_to_value(IDENTIFIERS, value=text)["key"]
    values = [(kind, key) for kind in ("loyalty_card", "account", "device")]
    if "@" in text:
        values.append(("email", apply_to_value(EMAILS, value=text)["comparable"]))
    elif sum(letter.isdigit() for letter in text) >= _FEWEST_DIGITS:
        values += [
            ("phone", apply_to_value(PHONES, value=text, country=country)["phone"]),
            ("document", apply_to_value(DOCUMENTS, value=text, country=country)["document"]),
            ("document", re.sub("[^0-9A-Z]", "", text.upper())),
        ]
    return sorted({(kind, value) for kind, value in values if value})


def _by_id(tables: IdentityTables, text: str) -> list[tuple[str, str | None, str]]:
    if _RECORD_ID.fullmatch(text):
        return [(*row, "record_id") for row in _customers_of(tables, [text]).items()]
    if not _CUSTOMER_ID.fullmatch(text):
        return []
    aliases = tables.rows("customer_id_aliases", ("customer_id",), retired_customer_id=[text])
    today = next((customer for (customer,) in aliases if customer), text)
    return [(*row, _BY_CUSTOMER_ID) for row in members_of(tables, [today]).items()]


def _by_value(tables: IdentityTables, text: str) -> list[tuple[str, str | None, str]]:
    """Look for a value of any kind first, and for the id of a source where there is none."""
    system, _, source_id = text.partition(":") if ":" in text else ("", "", "")
    values = possible_values(tables.ws, text)
    found = records_with(tables, [*values, *((SOURCE_ID, one) for one in {text, source_id} if one)])
    by_value = [one for one in found if one[1] != SOURCE_ID]
    if not by_value and system:
        found = _of_system(tables, found, text)
    chosen = by_value or found
    customers = _customers_of(tables, [record for record, _, _ in chosen])
    return [(record, customers[record], kind) for record, kind, _ in chosen if record in customers]


def _by_number(tables: IdentityTables, text: str) -> list[tuple[str, str | None, str]]:
    """Return the records of the customers whose contact or order has this number."""
    return [(*row, _BY_NUMBER) for row in members_of(tables, _in_marts(tables.ws, text)).items()]


def _of_system(tables: IdentityTables, found: list[tuple[str, str, str]], text: str) -> list[tuple[str, str, str]]:
    """Return the records that carry a text as their source id, alone or after the name of their system."""
    columns = ("record_id", "source_customer_id", "source_system")
    rows = tables.rows("customer_records", columns, record_id=[record for record, _, _ in found])
    carriers = {record for record, source_id, system in rows if text in (source_id, f"{system}:{source_id}")}
    return [one for one in found if one[0] in carriers]


def _customers_of(tables: IdentityTables, records: Iterable[str]) -> dict[str, str | None]:
    return dict(tables.rows("customer_crosswalk", ("record_id", "customer_id"), record_id=records))


def _in_marts(ws: Workspace, text: str) -> set[str]:
    """Return customers of the published service contacts and orders with this protocol or order number."""
    if not ws.published_file.exists():
        return set()
    found: set[str] = set()
    with connect(ws, database=ws.published_file, read_only=True) as con:
        there = {
            (table, column)
            for table, column in con.execute(
                "select table_name, column_name from information_schema.columns where table_schema = 'marts'"
            ).fetchall()
        }
        for table, columns in _MART_KEYS.items():
            tests = [f"{column} = $1" for column in columns if (table, column) in there]
            if tests and (table, "customer_id") in there:
                rows = con.execute(
                    f"select distinct customer_id from marts.{table} "
                    f"where customer_id is not null and ({' or '.join(tests)})",
                    [text],
                ).fetchall()
                found |= {row[0] for row in rows}
    return found
