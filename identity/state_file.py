"""Keep the state of the last resolution in a file: a cache that may be lost, and is never believed when in doubt."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from identity.lake_changes import create_tombstones_in_force, lake_files, person_contracts
from identity.state import TABLES, keep_tables
from workspace.sql import quote_literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection

    from identity.configuration import IdentityConfig
    from workspace.runs import Run
    from workspace.workspace import Workspace


def state_file(ws: Workspace) -> Path:
    """Return where the state stands; it may not exist."""
    return ws.warehouse / "identity" / "state.duckdb"


@lru_cache(maxsize=1)
def code_version() -> str:
    """Return the hash of every file of this room."""
    digest = hashlib.sha256()
    folder = Path(__file__).parent
    for file in sorted(one for one in folder.rglob("*") if one.suffix in (".py", ".csv", ".yml")):
        digest.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def fingerprint(ws: Workspace, config: IdentityConfig, salt: str, epoch_id: str) -> str:
    """Return a hash of all that decides who is who beside the lake, the decisions and the instant."""
    import duckdb

    parts = [
        code_version(), config.model_dump_json(), ws.settings.country, salt, epoch_id, duckdb.__version__,
        *(repr(contract) for contract in person_contracts(ws)),
    ]  # fmt: skip
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def attach_state(con: DuckDBPyConnection, ws: Workspace, expected: str) -> set[tuple[str, str, int]] | None:
    """Attach the state as `state` and return the files of the lake that it does not know yet.

    None, with nothing attached, when there is no state, it is damaged, another code or configuration made it, or a file
    that it knows is gone: then everything is resolved anew.
    """
    import duckdb

    if not state_file(ws).is_file():
        return None
    try:
        con.execute(f"attach {quote_literal(state_file(ws))} as state")
        made_by = con.execute("select fingerprint from state.resolution").fetchall()
        known = set(con.execute("select contract, path, size from state.lake_files").fetchall())
        rows = con.execute("select table_name from duckdb_tables() where database_name = 'state'").fetchall()
        present = {row[0] for row in rows}
    except duckdb.Error:
        made_by, known, present = [], set(), set()
    files = lake_files(ws)
    if made_by == [(expected,)] and known <= files and set(TABLES) <= present:
        con.execute("use state")
        return files - known
    detach_state(con)
    return None


def detach_state(con: DuckDBPyConnection) -> None:
    """Let go of the state, if it is attached."""
    con.execute("use memory")
    con.execute("detach database if exists state")


@contextmanager
def fresh_state(con: DuckDBPyConnection, ws: Workspace) -> Iterator[None]:
    """Attach an empty file as `state` and put it in the place of the old one when the block ends well."""
    file = state_file(ws)
    partial = file.with_name(".state.part.duckdb")
    forget(partial)
    file.parent.mkdir(parents=True, exist_ok=True)
    con.execute(f"attach {quote_literal(partial)} as state")
    try:
        yield
    finally:
        detach_state(con)
    forget(file)
    partial.replace(file)


def forget(file: Path) -> None:
    """Delete a state and its log of writes."""
    file.unlink(missing_ok=True)
    file.with_name(file.name + ".wal").unlink(missing_ok=True)


def keep_state(con: DuckDBPyConnection, ws: Workspace, run: Run, made_by: str) -> None:
    """Move the tables of a full run into the state, and note what they were made of."""
    keep_tables(con, TABLES)
    note_inputs(con, ws, run, made_by)


def note_inputs(con: DuckDBPyConnection, ws: Workspace, run: Run, made_by: str) -> None:
    """Note in the state what it was made of: code and configuration, instant, files, tombstones and decisions."""
    import polars as pl

    create_tombstones_in_force(con)
    con.execute("create or replace table state.tombstones as select * from temp.tombstones")
    con.execute("create or replace table state.decided_pairs as select * from temp.decided_pairs")
    con.execute(
        f"create or replace table state.resolution as select {quote_literal(made_by)} as fingerprint, "
        f"timestamp '{run.as_of_naive:%Y-%m-%d %H:%M:%S}' as as_of"
    )
    schema = {"contract": pl.String, "path": pl.String, "size": pl.Int64}
    con.register("known_files", pl.DataFrame(sorted(lake_files(ws)), schema=schema, orient="row"))
    con.execute("create or replace table state.lake_files as select * from known_files")
    con.unregister("known_files")
