"""The operations store: what happened, kept in warehouse/ops.duckdb and copied into every publication."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from workspace.sql import connect, quote_literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection

    from workspace.workspace import Workspace


@contextmanager
def operations(workspace: Workspace) -> Iterator[DuckDBPyConnection]:
    """Open the operations store for the length of the block, with schema `ops` as the default.

    One process writes at a time (the run's lock sees to it); each room creates the tables it owns.
    """
    workspace.warehouse.mkdir(parents=True, exist_ok=True)
    with connect(workspace) as con:
        # Not opened directly: the file would be the catalog `ops`, and `ops.<table>` ambiguous with the schema.
        con.execute(f"attach {quote_literal(workspace.operations_file)} as store")
        con.execute("create schema if not exists store.ops")
        con.execute("use store.ops")
        yield con
