"""Link the records of a workspace on Spark, and give DuckDB the tables that a linking of its own would leave it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from identity.epochs import TABLES as EPOCH_TABLES
from identity.epochs import load_epoch, read_epoch, write_epoch
from identity.erasures import apply_tombstones
from identity.evidence import collect_raw_records
from identity.hashing import hash_salt, value_number
from identity.linking import cluster_records, link_records
from identity.normalised_records import create_records
from identity.scoring.predicting import create_scored_edges
from identity.spark.process import DECIDED, EPOCH, RECORDS, last_words, tables_made, write_request
from identity.state import TABLES
from identity.state_file import forget, state_file
from workspace.errors import UnavistaError
from workspace.spark import session_settings, spark_environment
from workspace.sql import quote_literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from identity.configuration import IdentityConfig
    from workspace.runs import Run
    from workspace.workspace import Workspace

_NEEDED = {"sqlglot": "sqlglot"}
_HOLDINGS = {"kind": "VARCHAR", "value": "VARCHAR", "block": "BIGINT"}
_SIGN = 2**63


def link_workspace(con: DuckDBPyConnection, ws: Workspace, run: Run, config: IdentityConfig) -> None:
    """Create the tables from `records` to `clustered` and those of the epoch, from the lake and `decided_pairs`.

    Rows stand in no order, and blocks of keys have Spark's numbers; all else is what a linking on DuckDB gives. A state
    that an earlier run on DuckDB left is forgotten: it would keep the data of people who are erased from now on.

    Raises:
        SparkMissing: a package or Java is not installed.
        UnavistaError: Spark could not link the records.
    """
    environment = spark_environment(ws, _NEEDED)
    forget(state_file(ws))
    collect_raw_records(con, ws)
    apply_tombstones(con, hash_salt(ws))
    with _scratch(ws) as folder:
        con.execute(f"copy raw_records to {quote_literal(folder / RECORDS)}")
        con.execute("create or replace temp table raw_records as select * from raw_records limit 0")
        con.execute(
            f"copy (select record_id_left, record_id_right, decision from decided_pairs) "
            f"to {quote_literal(folder / DECIDED)}"
        )
        if load_epoch(con, ws, config) is not None:
            write_epoch(con, folder / EPOCH)
        write_request(folder, ws, config, as_of=run.as_of_naive, session=session_settings(ws, folder))
        _carry_out(folder, environment)
        _create_tables(con, ws, run, config, folder)
    con.execute("drop table raw_records")


@contextmanager
def _scratch(ws: Workspace) -> Iterator[Path]:
    """Give an empty folder that is taken away when the block ends, however it ends: it holds personal data."""
    clear_scratch(ws)
    folder = _scratch_folder(ws)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        clear_scratch(ws)


def clear_scratch(ws: Workspace) -> None:
    """Take away what a run that was killed left of its records."""
    shutil.rmtree(_scratch_folder(ws), ignore_errors=True)


def _scratch_folder(ws: Workspace) -> Path:
    return ws.build / "identity_on_spark"


def _carry_out(folder: Path, environment: Mapping[str, str]) -> None:
    """Run the process of Spark on a folder with a request; what it prints is lost, for it quotes values.

    Its standard input stays open as long as this process lives.
    """
    command = [sys.executable, "-m", "identity.spark.process", str(folder)]
    lost = subprocess.DEVNULL
    with subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
        command, env=environment, cwd=folder, stdin=subprocess.PIPE, stdout=lost, stderr=lost
    ) as process:
        code = process.wait()
    if code:
        said = last_words(folder) or f"the process ended with {code}; memory_limit may be more than the machine has"
        raise UnavistaError(f"Spark did not link the records: {said}")


def _create_tables(con: DuckDBPyConnection, ws: Workspace, run: Run, config: IdentityConfig, folder: Path) -> None:
    """Fill the tables that a linking of no records leaves, which have the names and types of any other."""
    made = tables_made(folder)

    def epoch(con: DuckDBPyConnection) -> None:
        if load_epoch(con, ws, config) is None:
            (folder / EPOCH).mkdir()
            for table, columns in EPOCH_TABLES.items():
                rows = _rows(columns, made[table.removeprefix("epoch_")])
                con.execute(f"copy ({rows}) to {quote_literal(folder / EPOCH / f'{table}.parquet')}")
            load_epoch(con, ws, config, folder=folder / EPOCH)

    create_records(con, country=ws.settings.country, as_of=run.as_of_naive)
    link_records(con, config, country=ws.settings.country, epoch=epoch)
    create_scored_edges(con, read_epoch(con), config)
    cluster_records(con, config, scored=True)
    con.execute(
        f"""
        create or replace temp table value_numbers as
        select block as told, any_value({value_number("kind", "value")}) as number
        from ({_rows(_HOLDINGS, made["holdings"])}) group by block
        """
    )
    for table in (*TABLES, "scored_edges", "clustered"):
        columns = {row[0]: row[1] for row in con.execute(f"describe {table}").fetchall()}
        rows = _rows(_told(columns), made[table])
        con.execute(f"create or replace temp table {table} as {_renumbered(rows, columns)}")


def _told(columns: Mapping[str, str]) -> dict[str, str]:
    """Return the types in which Spark's files are read: its hashes are signed."""
    return {name: kind.replace("UBIGINT", "BIGINT") for name, kind in columns.items()}


def _rows(columns: Mapping[str, str], files: Iterable[Path]) -> str:
    """Return SQL for the rows of Parquet files in these types; for no rows when there is no file."""
    listed = ", ".join(quote_literal(file) for file in files)
    typed = ", ".join(f"cast({name if listed else 'null'} as {kind}) as {name}" for name, kind in columns.items())
    return f"select {typed} from read_parquet([{listed}])" if listed else f"select {typed} where false"


def _renumbered(rows: str, columns: Mapping[str, str]) -> str:
    """Return SQL for the rows with numbers that DuckDB would give to values; what else is numbered keeps Spark's bits.

    Links find their value by its number, and the review queue its holders; of several values that two records share,
    the smaller number is first. Other blocks hold a pair once for each rule, and no output shows them.
    """
    fields = []
    for name, kind in columns.items():
        bits = f"cast(cast(t.{name} as HUGEINT) + {_SIGN} as UBIGINT)" if kind == "UBIGINT" else f"t.{name}"
        fields.append(f"coalesce(n.number, {bits}) as {name}" if name == "block" else f"{bits} as {name}")
    numbers = " left join value_numbers n on n.told = t.block" if "block" in columns else ""
    return f"select {', '.join(fields)} from ({rows}) t{numbers}"
