"""The dbt profile and the environment of a Spark build."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

from workspace.atomic import write_text_atomic
from workspace.errors import UnavistaError

if TYPE_CHECKING:
    from pathlib import Path

    from workspace.workspace import Workspace

MASTER_VARIABLE = "UNAVISTA_SPARK_MASTER"
_SMALL_JVM = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Duser.timezone=UTC"
_LARGE_JVM = "-XX:+UseParallelGC -Duser.timezone=UTC"


class SparkMissing(UnavistaError):
    """The workspace asks for Spark, and something that Spark needs is not installed."""


def write_spark_profile(workspace: Workspace, folder: Path, *, small: bool) -> None:
    """Write profiles.yml for a session that lives as long as the dbt process.

    The catalogue is in memory: a build makes every table anew, so only the Parquet files below `folder` matter. Times
    are naive UTC, as in DuckDB, and the batch folder of the lake is never read as a number.

    Args:
        workspace: Gives threads and memory.
        folder: Where the profile, Spark's warehouse and its scratch files stand.
        small: Spare the compilers, which cost more than they give below some hundred thousand rows.
    """
    settings = workspace.settings
    parameters = {
        "spark.master": os.environ.get(MASTER_VARIABLE, f"local[{settings.threads}]"),
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
    output = {
        "type": "spark",
        "method": "session",
        "host": "localhost",
        "schema": "main",
        "threads": 1,
        "server_side_parameters": parameters,
    }
    profile = {"unavista": {"target": "spark", "outputs": {"spark": output}}}
    write_text_atomic(folder / "profiles.yml", json.dumps(profile, indent=2))


def _heap(memory_limit: str) -> str:
    number, unit = memory_limit[:-2], memory_limit[-2:]
    megabytes = int(float(number) * (1024 if unit == "GB" else 1))
    return f"{max(megabytes, 512)}m"


def spark_environment() -> dict[str, str]:
    """Return the environment of the dbt process, with a Java that Spark can use.

    Raises:
        SparkMissing: pyspark, dbt-spark or Java is not installed.
    """
    from importlib.util import find_spec

    for module, package in (("pyspark", "pyspark"), ("dbt.adapters.spark", "dbt-spark")):
        if find_spec(module) is None:
            raise SparkMissing(f"engine: spark needs {package}; install it with `pip install 'unavista[spark]'`")
    environment = dict(os.environ)
    environment.update({"SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": "python3", "TZ": "UTC"})
    # An installed pyspark finds its own jars; a SPARK_HOME of another Spark would mix two versions.
    environment.pop("SPARK_HOME", None)
    if not (environment.get("JAVA_HOME") or shutil.which("java")):
        raise SparkMissing("engine: spark needs Java 17 or 21: install one, or set JAVA_HOME")
    return environment
