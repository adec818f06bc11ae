"""The dbt process of a Spark build: dbt's own command line, stopped cleanly so that no JVM outlives it."""

from __future__ import annotations

import sys


def main(arguments: list[str]) -> int:
    """Run dbt with `arguments` and stop the Spark session; return dbt's exit code."""
    from dbt.cli.main import dbtRunner

    try:
        outcome = dbtRunner().invoke(arguments)
    finally:
        _stop_session()
    if outcome.exception:
        sys.stderr.write(f"{outcome.exception}\n")
        return 2
    return 0 if outcome.success else 1


def _stop_session() -> None:
    from pyspark.sql import SparkSession

    session = SparkSession.getActiveSession()
    if session is not None:
        session.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
