"""Open Spark the one way the project opens it: the settings of a session and the environment of its process."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

from workspace.errors import UnavistaError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workspace.workspace import Workspace

MASTER_VARIABLE = "UNAVISTA_SPARK_MASTER"
SMALL_LAKE_BYTES = 200_000_000
_SMALL_JVM = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Duser.timezone=UTC"
_LARGE_JVM = "-XX:+UseParallelGC -Duser.timezone=UTC"


class SparkMissing(UnavistaError):
    """The workspace asks for Spark, and something that Spark needs is not installed."""


def session_settings(workspace: Workspace, folder: Path) -> dict[str, str]:
    """Return the settings of a session that lives as long as its process.

    The catalogue is in memory: only the Parquet files below `folder` matter. Times are naive UTC, as in DuckDB, and the
    batch folder of the lake is never read as a number. A small lake is spared the compilers, which cost more than they
    give below some hundred thousand rows.

    Args:
        workspace: Gives threads, memory and the size of its lake.
        folder: Where Spark's warehouse and its scratch files stand.
    """
    settings, small = workspace.settings, _lake_bytes(workspace) < SMALL_LAKE_BYTES
    return {
        "spark.master": _master(workspace),
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": _heap(settings.memory_limit),
        "spark.driver.extraJavaOptions": _SMALL_JVM if small else _LARGE_JVM,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.local.dir": str(folder / "scratch"),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.timestampType": "TIMESTAMP_NTZ",
        "spark.sql.parquet.mergeSchema": "true",
        "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
        # The batch folders of the lake are listed, not looked up in a catalogue that does not know them.
        "spark.sql.hive.manageFilesourcePartitions": "false",
        "spark.sql.shuffle.partitions": "2" if small else str(4 * settings.threads),
        "spark.sql.codegen.wholeStage": "false" if small else "true",
        "spark.sql.ansi.enabled": "true",
    }


def _lake_bytes(workspace: Workspace) -> int:
    return sum(file.stat().st_size for file in workspace.lake.glob("*/batch=*/*.parquet"))


def _master(workspace: Workspace) -> str:
    return os.environ.get(MASTER_VARIABLE, f"local[{workspace.settings.threads}]")


def _heap(memory_limit: str) -> str:
    number, unit = memory_limit[:-2], memory_limit[-2:]
    megabytes = int(float(number) * (1024 if unit == "GB" else 1))
    return f"{max(megabytes, 512)}m"


def spark_environment(workspace: Workspace, needed: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process that runs Spark, with a Java that it can use.

    Executors on this machine run this Python; those of a cluster run their own `python3`, or what PYSPARK_PYTHON names.

    Args:
        workspace: Gives the master.
        needed: Modules that the process imports beside pyspark, and the package that each comes from.

    Raises:
        SparkMissing: pyspark, one of `needed` or Java is not installed.
    """
    from importlib.util import find_spec

    for module, package in {"pyspark": "pyspark", **needed}.items():
        if find_spec(module) is None:
            raise SparkMissing(f"engine: spark needs {package}; install it with `pip install 'unavista[spark]'`")
    environment = dict(os.environ)
    python = sys.executable if _master(workspace).startswith("local") else os.environ.get("PYSPARK_PYTHON", "python3")
    environment.update({"SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": python, "TZ": "UTC"})
    # An installed pyspark finds its own jars; a SPARK_HOME of another Spark would mix two versions.
    environment.pop("SPARK_HOME", None)
    if not (environment.get("JAVA_HOME") or shutil.which("java")):
        raise SparkMissing("engine: spark needs Java 17 or 21: install one, or set JAVA_HOME")
    return environment
