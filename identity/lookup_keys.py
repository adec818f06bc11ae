"""An index over the identity tables: which records carry an identifier, a customer id, or an id of a source.

The tables stand in the order of the records, so that a record is found at once. Whoever asks by anything else would
read millions of rows; the index stands in the order of its keys, and a question reads a few thousand.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from workspace.sql import quote_literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from duckdb import DuckDBPyConnection

CUSTOMER, SOURCE_ID = "customer", "source_customer_id"
"""What a key may stand for beside the kinds of identifiers."""


def lookup_key(kind: str, value: str) -> int:
    """Return the key of a value: the first 64 bits of the MD5 of kind and value."""
    return int.from_bytes(hashlib.md5(f"{kind}:{value}".encode(), usedforsecurity=False).digest()[:8], "little")


def create_lookup_keys(con: DuckDBPyConnection) -> None:
    """Create the view `lookup_keys` (key, record) over crosswalk, identifiers and records; blocked values name nobody.

    `record` is the record id in the 16 bytes of a UUID.
    """
    parts = (
        ("customer_id", quote_literal(CUSTOMER), "customer_crosswalk where customer_id is not null"),
        ("identifier_value", "identifier_kind", "customer_identifiers where not is_blocked"),
        ("source_customer_id", quote_literal(SOURCE_ID), "customer_records where source_customer_id is not null"),
    )
    named = " union all ".join(
        f"select {_key_sql(kind, value)} as key, record_id from {source}" for value, kind, source in parts
    )
    con.execute(
        f"create or replace temp view lookup_keys as select key, cast(record_id as UUID) as record from ({named})"
    )


def _key_sql(kind: str, value: str) -> str:
    return f"cast(md5_number_upper({kind} || ':' || {value}) as UBIGINT)"


def records_with(con: DuckDBPyConnection, named: Iterable[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """Return (record id, kind, value) of the records that carry one of the values, each given as kind and value.

    64 bits tell values apart: among a hundred million, the chance that any two meet is 1 in 3,700.
    """
    keys = {lookup_key(kind, value): (kind, value) for kind, value in named}
    if not keys:
        return []
    rows = con.execute(
        f"select distinct replace(cast(record as VARCHAR), '-', ''), key from lookup_keys "
        f"where key in ({', '.join(map(str, sorted(keys)))}) order by all"
    ).fetchall()
    return [(record, *keys[key]) for record, key in rows]


def literals(values: Iterable[str]) -> str:
    """Return values as a list for SQL's `in`, by which Parquet files are skimmed; `null` when there are none."""
    return ", ".join(quote_literal(value) for value in sorted(values)) or "null"
