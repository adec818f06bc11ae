"""Open what an audit compares: the build, the lake, the identity tables of the build, and the published view."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.lake import Lake
from quality.publications import Publication, current_publication
from workspace.errors import UnavistaError
from workspace.sql import connect, quote_literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from workspace.workspace import Workspace

# The build keeps the name that it has when it is opened directly: its views speak of themselves by that name.
BUILD = "unavista"
PUBLISHED = "published"


@dataclass(frozen=True)
class Compared:
    """One connection on which the build is attached as `unavista` and the published view, if any, as `published`."""

    con: DuckDBPyConnection
    ws: Workspace
    published: Publication | None
    tables: frozenset[str] = field(default_factory=frozenset)
    """`schema.table` of everything in the build."""

    def has(self, *tables: str) -> bool:
        """Tell whether the build has all these tables, each given as `schema.table`."""
        return self.tables.issuperset(tables)

    def was_published(self, table: str) -> bool:
        """Tell whether the published view has a table, given as `schema.table`."""
        return self.published is not None and table in self.published.row_counts

    def lake(self, contract: str) -> str:
        """Return SQL for all rows of a feed contract in the lake, all versions."""
        return f"read_parquet({quote_literal(Lake(self.ws).glob(contract))}, hive_partitioning = false)"

    def identity(self, table: str, *, published: bool = False) -> str | None:
        """Return SQL for an identity table of the build or of the published view, or None when there is none."""
        root = self.published.folder if published and self.published else None if published else self.ws.build
        file = root / "identity" / f"{table}.parquet" if root else None
        return f"read_parquet({quote_literal(file)})" if file is not None and file.exists() else None


@contextmanager
def compare(ws: Workspace) -> Iterator[Compared]:
    """Open the build and the published view for reading.

    Raises:
        UnavistaError: nothing has been built.
    """
    if not ws.build_file.exists():
        raise UnavistaError("there is no build to audit: run the models first")
    published = current_publication(ws)
    with connect(ws) as con:
        attach_build(con, ws.build_file)
        if published is not None:
            con.execute(f"attach {quote_literal(published.database)} as {PUBLISHED} (read_only)")
        rows = con.execute(
            "select table_schema || '.' || table_name from information_schema.tables where table_catalog = ?", [BUILD]
        ).fetchall()
        yield Compared(con, ws, published, frozenset(name for (name,) in rows))


def attach_build(con: DuckDBPyConnection, file: Path) -> None:
    """Attach a build database for reading, under its own name."""
    con.execute(f"attach {quote_literal(file)} as {BUILD} (read_only)")
