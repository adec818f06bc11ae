"""Let executors ask DuckDB: what must come out the same on both engines to the bit has one owner."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import pyarrow as pa
    from duckdb import DuckDBPyConnection
    from pyspark.sql import DataFrame, SparkSession


def _open() -> DuckDBPyConnection:
    """Open DuckDB on one thread: Spark counts a task as one core."""
    import duckdb

    return duckdb.connect(config={"threads": 1, "autoinstall_known_extensions": "false"})


@lru_cache(maxsize=1)
def own_duckdb() -> DuckDBPyConnection:
    """Return the DuckDB that answers questions in this executor's process; it keeps rows in order."""
    return _open()


def ask_duckdb(expression: str, answer: str) -> Any:
    """Return a function for Spark's SQL that answers `expression` over its arguments, `a0`, `a1`, …, as DuckDB does.

    Args:
        expression: SQL over the arguments.
        answer: Spark's type of the result.
    """
    from pyspark.sql.functions import arrow_udf

    # without annotations: pyspark would take the variable number of arguments for a signature it does not know
    return arrow_udf(lambda *columns: answered(expression, columns), answer)  # type: ignore[call-overload]


def answered(expression: str, columns: Sequence[pa.Array]) -> pa.Array:
    """Return the values of an expression over columns `a0`, `a1`, …, in the order of the rows."""
    import pyarrow as pa

    con = own_duckdb()
    con.register("batch", pa.table({f"a{place}": column for place, column in enumerate(columns)}))
    try:
        return con.sql(f"select {expression} as answer from batch").to_arrow_table().column("answer").combine_chunks()
    finally:
        con.unregister("batch")


def run_by_partition(
    spark: SparkSession, frame: DataFrame, table: str, statements: Callable[[DuckDBPyConnection], None], result: str
) -> DataFrame:
    """Return what statements that treat each row by itself make of a frame, one partition after the other.

    Args:
        spark: Session whose types the result has.
        frame: The rows.
        table: Name under which the statements find them.
        statements: Create the table `result` on the connection given; sent to the executors.
        result: Table that is returned.
    """
    empty = _carry_out(frame.limit(0).toArrow(), table, statements, result)
    described = spark.createDataFrame(empty)
    given, made = frame.limit(0).toArrow().schema, described.limit(0).toArrow().schema

    def carried_out(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        rows = pa.Table.from_batches(batches, given)
        if len(rows):
            yield from _carry_out(rows, table, statements, result).cast(made).to_batches()

    return frame.mapInArrow(carried_out, described.schema)


def _carry_out(rows: pa.Table, table: str, statements: Callable[[DuckDBPyConnection], None], result: str) -> pa.Table:
    """Run statements in a DuckDB of their own, whose settings they may change."""
    with _open() as con:
        con.register("given_rows", rows)
        con.execute(f"create temp table {table} as select * from given_rows")
        statements(con)
        return con.sql(f"select * from {result}").to_arrow_table()
