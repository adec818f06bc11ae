"""Quote what goes into SQL, and open DuckDB the one way the project opens it."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection

    from workspace.workspace import Workspace


def quote_identifier(name: str) -> str:
    """Return `name` as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def quote_literal(value: str | Path) -> str:
    """Return `value` as a quoted SQL string, for the places where DuckDB takes no parameter."""
    return "'" + str(value).replace("'", "''") + "'"


@contextmanager
def connect(
    workspace: Workspace | None = None, *, database: Path | str = ":memory:", read_only: bool = False
) -> Iterator[DuckDBPyConnection]:
    """Open DuckDB in UTC, within the workspace's threads and memory, never reaching for an extension download.

    Spills go to `warehouse/build/spill`. Files are opened for the length of the block only, so that no lock outlives it.
    """
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    if workspace is not None:
        config |= {"threads": str(workspace.settings.threads), "memory_limit": workspace.settings.memory_limit}
    con = duckdb.connect(str(database), read_only=read_only, config=config)
    try:
        con.execute("set TimeZone = 'UTC'")
        con.execute("set enable_progress_bar = false")
        if workspace is not None and not read_only:
            spill = workspace.build / "spill"
            spill.mkdir(parents=True, exist_ok=True)
            con.execute(f"set temp_directory = {quote_literal(spill)}")
        yield con
    finally:
        con.close()
