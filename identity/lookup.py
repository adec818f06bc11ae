"""Find the customers that an identifier names, whatever kind of identifier it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from identity.normalising.documents import DOCUMENTS
from identity.normalising.emails import EMAILS
from identity.normalising.identifiers import IDENTIFIERS
from identity.normalising.phones import PHONES
from identity.normalising.stages import apply_to_value
from identity.published import readable_folder
from workspace.sql import connect, quote_identifier, quote_literal

if TYPE_CHECKING:
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from workspace.workspace import Workspace

_TABLES = ("customer_crosswalk", "customer_id_aliases", "customer_identifiers", "customer_records")
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
        open_tables(con, folder, *_TABLES)
        text = identifier.strip()
        for search in (_by_id, _by_value, _by_source_id):
            rows = search(con, ws, text)
            if rows:
                return sorted({Match(*row) for row in rows}, key=lambda match: (match.record_id, match.found_by))
    return []


def open_tables(con: DuckDBPyConnection, folder: Path, *tables: str) -> None:
    """Create a view for each of the identity tables named; a file is touched when its view is read."""
    for table in tables:
        con.execute(
            f"create or replace temp view {quote_identifier(table)} as "
            f"select * from read_parquet({quote_literal(folder / f'{table}.parquet')})"
        )


def _by_id(con: DuckDBPyConnection, ws: Workspace, text: str) -> list[tuple[str, str | None, str]]:
    rows = con.execute(
        "select record_id, customer_id, 'record_id' from customer_crosswalk where record_id = $1", [text]
    ).fetchall()
    if rows:
        return rows
    return con.execute(
        """
        select record_id, customer_id, 'customer_id' from customer_crosswalk
        where customer_id = coalesce(
            (select customer_id from customer_id_aliases where retired_customer_id = $1), cast($1 as VARCHAR))
        """,
        [text],
    ).fetchall()


def _by_value(con: DuckDBPyConnection, ws: Workspace, text: str) -> list[tuple[str, str | None, str]]:
    country = ws.settings.country
    key = apply_to_value(IDENTIFIERS, con, value=text)["key"]
    values = [
        ("email", apply_to_value(EMAILS, con, value=text)["comparable"]),
        ("phone", apply_to_value(PHONES, con, value=text, country=country)["phone"]),
        ("document", apply_to_value(DOCUMENTS, con, value=text, country=country)["document"]),
        ("document", re.sub("[^0-9A-Z]", "", text.upper())),
        *((kind, key) for kind in ("loyalty_card", "account", "device")),
    ]
    wanted = sorted({(kind, value) for kind, value in values if value})
    tests = " or ".join("(identifier_kind = ? and identifier_value = ?)" for _ in wanted)
    if not wanted:
        return []
    return con.execute(
        f"""
        select i.record_id, c.customer_id, i.identifier_kind
        from customer_identifiers i join customer_crosswalk c on c.record_id = i.record_id
        where not i.is_blocked and ({tests})
        """,
        [part for pair in wanted for part in pair],
    ).fetchall()


def _by_source_id(con: DuckDBPyConnection, ws: Workspace, text: str) -> list[tuple[str, str | None, str]]:
    return con.execute(
        """
        select r.record_id, c.customer_id, 'source_customer_id'
        from customer_records r join customer_crosswalk c on c.record_id = r.record_id
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
