"""Open DuckDB the one way the project opens it; quoting is here as well, because whoever needs one needs both."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from workspace import instances
from workspace.quoting import quote_identifier, quote_literal, shifted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection

    from workspace.workspace import Workspace


@contextmanager
def connect(
    workspace: Workspace | None = None, *, database: Path | str = ":memory:", read_only: bool = False
) -> Iterator[DuckDBPyConnection]:
    """Open DuckDB in UTC, within the workspace's threads and memory, never reaching for an extension download.

    Spills go to `warehouse/build/spill`. Files are opened for the length of the block only: no lock outlives it.
    """
    config: dict[str, str] = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    if workspace is not None:
        config |= {"threads": str(workspace.settings.threads), "memory_limit": workspace.settings.memory_limit}
        if not read_only:
            spill = workspace.build / "spill"
            spill.mkdir(parents=True, exist_ok=True)
            config["temp_directory"] = str(spill)
    opened = instances.borrowed(config) if str(database) == ":memory:" else _opened(database, read_only, config)
    with opened as con:
        con.execute("set TimeZone = 'UTC'")
        con.execute("set enable_progress_bar = false")
        yield con


@contextmanager
def _opened(database: Path | str, read_only: bool, config: dict[str, str]) -> Iterator[DuckDBPyConnection]:
    import duckdb

    con = duckdb.connect(str(database), read_only=read_only, config=dict(config))
    try:
        yield con
    finally:
        con.close()


__all__ = ["connect", "quote_identifier", "quote_literal", "shifted"]
