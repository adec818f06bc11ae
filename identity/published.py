"""Find what the last publication said about identities, with empty tables where nothing has been published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workspace.keyed_rows import column_names, read_rows
from workspace.sql import quote_identifier, quote_literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from workspace.workspace import Workspace

CARRIED = {
    "customer_crosswalk": {"record_id": "VARCHAR", "customer_id": "VARCHAR"},
    "customer_id_history": {
        "record_id": "VARCHAR", "change_number": "BIGINT", "old_customer_id": "VARCHAR",
        "new_customer_id": "VARCHAR", "run_id": "VARCHAR",
        "changed_at": "TIMESTAMP", "reason": "VARCHAR", "evidence": "VARCHAR",
    },
    "customer_identifiers": {
        "record_id": "VARCHAR", "identifier_kind": "VARCHAR", "identifier_hash": "VARCHAR", "is_valid": "BOOLEAN",
        "is_blocked": "BOOLEAN",
    },
    "erasure_tombstones": {
        "record_hash": "VARCHAR", "identifier_kind": "VARCHAR", "identifier_hash": "VARCHAR", "erased_at": "TIMESTAMP",
    },
}  # fmt: skip
"""Tables that a run carries on from the last publication, and the columns it reads."""


@dataclass(frozen=True)
class IdentityTables:
    """The identity tables that readers see, for questions about few records.

    Args:
        ws: Their workspace.
        folder: Where they stand; a publication while this is asked of it changes nothing.
    """

    ws: Workspace
    folder: Path

    @classmethod
    def of(cls, ws: Workspace) -> IdentityTables:
        """Return the published tables, or the build's while nothing is published.

        Raises:
            ConfigError: identities have never been resolved in this workspace.
        """
        return cls(ws, readable_folder(ws).resolve())

    def rows(self, table: str, columns: Sequence[str], **among: Iterable[Any]) -> list[tuple[Any, ...]]:
        """Return the rows of a table whose named columns hold one of the values given for them, in its order."""
        return read_rows(self.folder / f"{table}.parquet", columns, **among)

    def columns(self, table: str) -> frozenset[str]:
        """Return the columns that a table has; one of an earlier version may lack some."""
        return column_names(self.folder / f"{table}.parquet")


def identity_folder(ws: Workspace) -> Path:
    """Return the folder of the build's identity tables."""
    return ws.build / "identity"


def published_folder(ws: Workspace) -> Path:
    """Return the folder of the published identity tables; it may not exist."""
    return ws.current / "identity"


def readable_folder(ws: Workspace) -> Path:
    """Return the folder that readers see: the publication's, or the build's while nothing is published.

    Raises:
        ConfigError: identities have never been resolved in this workspace.
    """
    from workspace.errors import ConfigError

    for folder in (published_folder(ws), identity_folder(ws)):
        if (folder / "customer_crosswalk.parquet").is_file():
            return folder
    raise ConfigError("identities have not been resolved yet", file=ws.root, hint="Run `unavista run` first")


def open_tables(con: DuckDBPyConnection, folder: Path, *tables: str) -> None:
    """Create a view for each of the identity tables named, for questions about many records."""
    # what a file says of itself is read once in a process, and again when the file changes
    con.execute("set parquet_metadata_cache = true")
    for table in tables:
        con.execute(
            f"create or replace temp view {quote_identifier(table)} as "
            f"select * from read_parquet({quote_literal(folder / f'{table}.parquet')})"
        )


def create_published(con: DuckDBPyConnection, ws: Workspace) -> None:
    """Create the views `published_<table>` over the last publication for every table that is carried on."""
    for table, columns in CARRIED.items():
        file = published_folder(ws) / f"{table}.parquet"
        if file.is_file():
            fields = ", ".join(columns)
            con.execute(
                f"create or replace temp view published_{table} as "
                f"select {fields} from read_parquet({quote_literal(file)})"
            )
        else:
            fields = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in columns.items())
            con.execute(f"create or replace temp view published_{table} as select {fields} where false")
