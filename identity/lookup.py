"""Find the customers that an identifier names, whatever kind of identifier it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from identity.lookup_keys import CUSTOMER, SOURCE_ID, create_lookup_keys, literals, records_with
from identity.normalising.documents import DOCUMENTS
from identity.normalising.emails import EMAILS
from identity.normalising.identifiers import IDENTIFIERS
from identity.normalising.phones import PHONES
from identity.normalising.stages import apply_to_value
from identity.published import readable_folder
from workspace.sql import connect, quote_identifier, quote_literal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from workspace.workspace import Workspace

SEARCHED = ("customer_crosswalk", "customer_id_aliases", "customer_identifiers", "customer_records", "lookup_keys")
"""Tables that a look-up reads."""
_HEXADECIMAL = re.compile("[0-9a-f]{24}|[0-9a-f]{32}")
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
    found = {match.customer_id for match in find_records(ws, identifier) if match.customer_id}
    return sorted(found or _in_marts(ws, identifier.strip()))


def find_records(ws: Workspace, identifier: str) -> list[Match]:
    """Return the records that `identifier` names, by record id; blocked values name nobody."""
    folder = readable_folder(ws)
    with connect(ws) as con:
        open_tables(con, folder, *SEARCHED)
        return search_records(con, ws, identifier)


def open_tables(con: DuckDBPyConnection, folder: Path, *tables: str) -> None:
    """Create a view for each of the identity tables named. A publication from before there was an index gets one."""
    # what a file says of itself is read once in a process, and again when the file changes
    con.execute("set parquet_metadata_cache = true")
    for table in tables:
        file = folder / f"{table}.parquet"
        if table == "lookup_keys" and not file.is_file():
            create_lookup_keys(con)
            continue
        con.execute(
            f"create or replace temp view {quote_identifier(table)} as "
            f"select * from read_parquet({quote_literal(file)})"
        )


def search_records(con: DuckDBPyConnection, ws: Workspace, identifier: str) -> list[Match]:
    """Return the records that `identifier` names, on a connection that holds the tables `SEARCHED`."""
    text = identifier.strip()
    for search in (_by_id, _by_value, _by_source_id):
        rows = search(con, ws, text)
        if rows:
            return sorted({Match(*row) for row in rows}, key=lambda match: (match.record_id, match.found_by))
    return []


def members_of(con: DuckDBPyConnection, customer_ids: Iterable[str]) -> dict[str, str]:
    """Return the records of customers, and the customer of each."""
    wanted = sorted(customer_ids)
    found = records_with(con, [(CUSTOMER, customer_id) for customer_id in wanted])
    rows = con.execute(
        f"select record_id, customer_id from customer_crosswalk where record_id in ({literals(found)}) "
        f"and customer_id in ({literals(wanted)}) order by record_id"
    ).fetchall()
    return dict(rows)


def possible_values(con: DuckDBPyConnection, ws: Workspace, text: str) -> list[tuple[str, str]]:
    """Return what a text may be as an identifier: kind and normalised value."""
    country = ws.settings.country
    key = apply_to_value(IDENTIFIERS, con, value=text)["key"]
    values = [
        ("document", apply_to_value(DOCUMENTS, con, value=text, country=country)["document"]),
        ("document", re.sub("[^0-9A-Z]", "", text.upper())),
        *((kind, key) for kind in ("loyalty_card", "account", "device")),
    ]
    if "@" in text:
        values.append(("email", apply_to_value(EMAILS, con, value=text)["comparable"]))
    else:
        values.append(("phone", apply_to_value(PHONES, con, value=text, country=country)["phone"]))
    return sorted({(kind, value) for kind, value in values if value})


def _by_id(con: DuckDBPyConnection, ws: Workspace, text: str) -> list[tuple[str, str | None, str]]:
    if not _HEXADECIMAL.fullmatch(text):
        return []
    rows = con.execute(
        "select record_id, customer_id, 'record_id' from customer_crosswalk where record_id = $1", [text]
    ).fetchall()
    if rows:
        return rows
    today = con.execute(
        "select customer_id from customer_id_aliases where retired_customer_id = $1 and customer_id is not null", [text]
    ).fetchall()
    customer_id = today[0][0] if today else text
    return [(record_id, one, "customer_id") for record_id, one in members_of(con, [customer_id]).items()]


def _by_value(con: DuckDBPyConnection, ws: Workspace, text: str) -> list[tuple[str, str | None, str]]:
    wanted = possible_values(con, ws, text)
    found = records_with(con, wanted)
    if not found:
        return []
    rows = con.execute(
        f"""
        select i.record_id, c.customer_id, i.identifier_kind, i.identifier_value
        from (
            select * from customer_identifiers where record_id in ({literals(found)}) and not is_blocked
        ) i
        join (select * from customer_crosswalk where record_id in ({literals(found)})) c on c.record_id = i.record_id
        """
    ).fetchall()
    return [(*row[:3],) for row in rows if row[2:] in wanted]


def _by_source_id(con: DuckDBPyConnection, ws: Workspace, text: str) -> list[tuple[str, str | None, str]]:
    values = {text, text.partition(":")[2]} - {""}
    found = literals(records_with(con, [(SOURCE_ID, value) for value in values]))
    return con.execute(
        f"""
        select r.record_id, c.customer_id, 'source_customer_id'
        from (select * from customer_records where record_id in ({found})) r
        join (select * from customer_crosswalk where record_id in ({found})) c on c.record_id = r.record_id
        where r.source_customer_id = $1 or r.source_system || ':' || r.source_customer_id = $1
        """,
        [text],
    ).fetchall()


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
