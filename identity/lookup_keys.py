"""An index over the identity tables: which records carry an identifier, a customer id, or an id of a source, which had
another customer before, and which would have been joined with a record but for a constraint.

The tables stand in the order of the records, so that a record is found at once. Whoever asks by anything else would
read millions of rows; the index stands in the order of its keys, and a question reads a few thousand.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from identity.published import open_tables
from workspace.sql import connect, quote_literal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from uuid import UUID

    from duckdb import DuckDBPyConnection

    from identity.published import IdentityTables

INDEXED = ("customer_crosswalk", "customer_identifiers", "customer_records", "customer_id_history", "match_edges")
"""Tables that the index covers."""
CUSTOMER, SOURCE_ID, FORMER_CUSTOMER, REFUSED = "customer", "source_customer_id", "former_customer", "refused"
"""What a key may stand for beside the kinds of identifiers."""


def lookup_key(kind: str, value: str) -> int:
    """Return the key of a value: the first 64 bits of the MD5 of kind and value."""
    return int.from_bytes(hashlib.md5(f"{kind}:{value}".encode(), usedforsecurity=False).digest()[:8], "little")


def create_lookup_keys(con: DuckDBPyConnection) -> None:
    """Create the view `lookup_keys` (key, record) over crosswalk, identifiers, records and history, and over
    `refused_edges` (record_id_left, record_id_right); blocked values name nobody.

    `record` is the record id in the 16 bytes of a UUID.
    """
    parts = (
        ("customer_id", quote_literal(CUSTOMER), "record_id", "customer_crosswalk"),
        ("identifier_value", "identifier_kind", "record_id", "customer_identifiers where not is_blocked"),
        ("source_customer_id", quote_literal(SOURCE_ID), "record_id", "customer_records"),
        ("old_customer_id", quote_literal(FORMER_CUSTOMER), "record_id", "customer_id_history"),
        ("record_id_right", quote_literal(REFUSED), "record_id_left", "refused_edges"),
    )
    named = " union all ".join(
        f"select {_key_sql(kind, value)} as key, {record} as record_id from {source}"
        for value, kind, record, source in parts
    )
    con.execute(
        "create or replace temp view lookup_keys as "
        f"select key, cast(record_id as UUID) as record from ({named}) where key is not null"
    )


def index_published(con: DuckDBPyConnection, folder: Path) -> None:
    """Create the same view over published files."""
    open_tables(con, folder, *INDEXED)
    con.execute(
        "create or replace temp view refused_edges as "
        "select record_id_left, record_id_right from match_edges where not is_within_customer"
    )
    create_lookup_keys(con)


def _key_sql(kind: str, value: str) -> str:
    # what md5_number_upper gives, which costs four times as much
    return f"cast(md5_number({kind} || ':' || {value}) & {2**64 - 1} as UBIGINT)"


def records_with(tables: IdentityTables, named: Iterable[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """Return (record id, kind, value) of the records that carry one of the values, each given as kind and value.

    64 bits tell values apart: among a hundred million, the chance that any two meet is 1 in 3,700.
    """
    keys = {lookup_key(kind, value): (kind, value) for kind, value in named}
    if not keys:
        return []
    found = {(record.hex, key) for record, key in _indexed(tables, keys)}
    return [(record, *keys[key]) for record, key in sorted(found)]


def _indexed(tables: IdentityTables, keys: Iterable[int]) -> list[tuple[UUID, int]]:
    """Return (record, key) of the index; a publication from before there was one gets one."""
    if (tables.folder / "lookup_keys.parquet").is_file():
        return tables.rows("lookup_keys", ("record", "key"), key=keys)
    with connect(tables.ws) as con:
        index_published(con, tables.folder)
        listed = ", ".join(map(str, sorted(keys)))
        return con.execute(f"select record, key from lookup_keys where key in ({listed})").fetchall()
