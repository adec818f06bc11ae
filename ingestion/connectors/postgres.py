"""Read the rows of a Postgres query past a watermark into Parquet, in portions."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.problems import FileProblem
from workspace.errors import ConfigError
from workspace.sql import quote_identifier, quote_literal

if TYPE_CHECKING:
    import pyarrow as pa

    from ingestion.feeds import PostgresSource


def fetch_rows(source: PostgresSource, target: Path, watermark: str | None) -> Path:
    """Write the rows at or past `watermark` (all rows when there is none) to a Parquet file and return it.

    Raises:
        ConfigError: the environment variable with the connection string is not set.
        FileProblem: the database cannot be reached, or refuses the query.
    """
    import pyarrow.parquet as pq
    from adbc_driver_manager import Error
    from adbc_driver_postgresql import dbapi

    address = os.environ.get(source.dsn_env)
    if not address:
        raise ConfigError(
            f"the environment variable {source.dsn_env} is not set",
            expected="a connection string such as postgresql://user@host:5432/database",
        )
    query = f"select * from ({source.query.strip().rstrip(';')}) as feed_rows"
    if watermark is not None:
        # an untyped literal takes the type of the column it is compared with
        query += f" where {quote_identifier(source.watermark)} >= {quote_literal(watermark)}"
    try:
        with dbapi.connect(address, autocommit=False) as connection, connection.cursor() as cursor:
            cursor.execute("set transaction read only")
            cursor.execute("set local time zone 'UTC'")
            cursor.execute(query)
            reader = cursor.fetch_record_batch()
            schema = _plain_schema(reader.schema)
            with pq.ParquetWriter(target, schema) as writer:
                for portion in reader:
                    writer.write_batch(_plain(portion, schema))
    except Error as error:
        raise FileProblem("query_failed", f"the database refused the query of this feed: {_reason(error)}") from None
    return target


def _reason(error: Exception) -> str:
    """Return the SQLSTATE and class of an error, without its text, which may quote values and addresses."""
    state = getattr(error, "sqlstate", None)
    known = {
        "42P01": "a table does not exist",
        "42703": "a column does not exist",
        "42601": "syntax error",
        "28P01": "wrong password",
        "42501": "no permission",
        "57014": "cancelled",
    }
    if state and re.fullmatch(r"[0-9A-Z]{5}", state) and state != "00000":
        return f"{known.get(state, 'SQLSTATE')} ({state})"
    return "it cannot be reached" if "connect" in str(error).lower() else type(error).__name__


def _plain_schema(schema: pa.Schema) -> pa.Schema:
    import pyarrow as pa

    fields = []
    for field in schema:
        kind = field.type
        if isinstance(kind, pa.BaseExtensionType):
            kind = kind.storage_type
        if not _is_simple(kind):
            kind = pa.string()
        fields.append(pa.field(field.name, kind))
    return pa.schema(fields)


def _is_simple(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return not (pa.types.is_nested(kind) or pa.types.is_dictionary(kind) or pa.types.is_interval(kind))


def _plain(portion: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    import pyarrow as pa

    columns = []
    for column, field in zip(portion.columns, schema, strict=True):
        values = column.storage if isinstance(column.type, pa.BaseExtensionType) else column
        if values.type != field.type:
            values = pa.array([None if one is None else str(one) for one in values.to_pylist()], pa.string())
        columns.append(values)
    return pa.RecordBatch.from_arrays(columns, schema=schema)
