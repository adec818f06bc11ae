"""Build the models on Spark and leave the build file that DuckDB would: audit, publication and exports do not differ.

dbt runs in a process of its own, because a JVM cannot be started twice in one process and its memory should go when
the build is over. Spark writes every table as Parquet; the build file is then filled from those files.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbt_project.engines.spark_profile import write_spark_profile
from dbt_project.invoking import PROJECT, DbtFailure
from workspace.spark import spark_environment
from workspace.sql import connect, quote_identifier, quote_literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workspace.workspace import Workspace

_NEEDED = {"dbt.adapters.spark": "dbt-spark"}
_TAIL = 30


@dataclass(frozen=True)
class SparkNode:
    """What Spark's dbt reported of one node."""

    unique_id: str
    status: str
    seconds: float
    failures: int
    message: str


def run_on_spark(workspace: Workspace, arguments: list[str], variables: dict[str, Any]) -> list[SparkNode]:
    """Run one dbt command on Spark, and fill the build file with the tables it made.

    Args:
        workspace: Where the lake and the build folder stand.
        arguments: The dbt command and its own options.
        variables: The `--vars` of the command.

    Raises:
        DbtFailure: dbt or Spark could not carry out the command; the end of its output is in the text.
        SparkMissing: a package or Java is not installed.
    """
    environment = spark_environment(workspace, _NEEDED)
    folder = workspace.build / "spark"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_spark_profile(workspace, folder)
    options = [
        "--project-dir",
        PROJECT,
        "--profiles-dir",
        folder,
        "--target-path",
        folder,
        "--log-path",
        folder / "logs",
    ]
    command = [sys.executable, "-m", "dbt_project.engines.spark_process", "--quiet", "--no-use-colors", *arguments]
    command += [*map(str, options), "--vars", json.dumps(variables)]
    done = subprocess.run(  # noqa: S603 - our own interpreter and module, no shell
        command, env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    nodes = list(_nodes(folder / "run_results.json"))
    if not nodes:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-_TAIL:])
        raise DbtFailure(f"dbt on Spark did not run (exit {done.returncode}):\n{tail}")
    fill_build_file(workspace, folder / "warehouse")
    shutil.rmtree(folder / "scratch", ignore_errors=True)
    return nodes


def _nodes(file: Path) -> Iterator[SparkNode]:
    if not file.is_file():
        return
    for result in json.loads(file.read_text(encoding="utf-8"))["results"]:
        yield SparkNode(
            unique_id=result["unique_id"],
            status=str(result["status"]),
            seconds=float(result["execution_time"]),
            failures=int(result["failures"] or 0),
            message=str(result["message"] or ""),
        )


def fill_build_file(workspace: Workspace, spark_warehouse: Path) -> list[str]:
    """Make the tables of the build file from Spark's Parquet files, in the types of the contracts; return their names.

    Published marts get the types and the column order of their contract; other tables keep what Spark wrote.
    """
    from data_contracts.loader import load_contracts
    from data_contracts.schemas import duckdb_columns

    contracts = load_contracts("products")
    filled = []
    with connect(workspace, database=workspace.build_file) as con:
        for folder in sorted(spark_warehouse.glob("*.db/*")):
            files = sorted(folder.glob("**/*.parquet"))
            if not files:
                continue
            schema, name = folder.parent.name.removesuffix(".db"), folder.name
            source = f"read_parquet({quote_literal(folder / '**' / '*.parquet')}, hive_partitioning = false)"
            columns = "*"
            if name in contracts:
                columns = ", ".join(
                    f"cast({quote_identifier(column)} as {kind}) as {quote_identifier(column)}"
                    for column, kind in duckdb_columns(contracts[name]).items()
                )
            con.execute(f"create schema if not exists {quote_identifier(schema)}")
            con.execute(
                f"create or replace table {quote_identifier(schema)}.{quote_identifier(name)} as "
                f"select {columns} from {source}"
            )
            filled.append(f"{schema}.{name}")
        con.execute("checkpoint")
    return filled
