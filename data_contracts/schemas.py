"""One contract as a Polars schema, an Arrow schema and a DuckDB column list.

`lineage=True` adds the columns that ingestion appends, which gives the schema of the lake.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_contracts.lineage import LINEAGE_COLUMNS, REQUIRED_LINEAGE_COLUMNS
from data_contracts.loader import Contract
from data_contracts.physical_types import decimal_parts

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa


def duckdb_columns(contract: Contract, *, lineage: bool = False) -> dict[str, str]:
    """Return column name -> DuckDB type, in the order of the contract."""
    columns = {column.name: column.physical_type for column in contract.columns}
    return columns | dict(LINEAGE_COLUMNS) if lineage else columns


def polars_schema(contract: Contract, *, lineage: bool = False) -> pl.Schema:
    """Return the Polars schema, in the order of the contract."""
    import polars as pl

    return pl.Schema({name: polars_type(kind) for name, kind in duckdb_columns(contract, lineage=lineage).items()})


def polars_type(type_name: str) -> pl.DataType:
    """Return the Polars type of one physical type of a contract."""
    import polars as pl

    if parts := decimal_parts(type_name):
        return pl.Decimal(*parts)
    types: dict[str, pl.DataType] = {
        "VARCHAR": pl.String(),
        "BIGINT": pl.Int64(),
        "INTEGER": pl.Int32(),
        "SMALLINT": pl.Int16(),
        "DOUBLE": pl.Float64(),
        "BOOLEAN": pl.Boolean(),
        "DATE": pl.Date(),
        "TIMESTAMP": pl.Datetime("us"),
    }
    return types[type_name]


def arrow_schema(contract: Contract, *, lineage: bool = False) -> pa.Schema:
    """Return the Arrow schema; each field carries its classification and tags as metadata."""
    import pyarrow as pa

    fields = [
        pa.field(
            column.name,
            arrow_type(column.physical_type),
            nullable=not column.required,
            metadata={"classification": column.classification, "tags": ",".join(column.tags)},
        )
        for column in contract.columns
    ]
    if lineage:
        fields += [
            pa.field(name, arrow_type(kind), nullable=name not in REQUIRED_LINEAGE_COLUMNS)
            for name, kind in LINEAGE_COLUMNS.items()
        ]
    return pa.schema(fields)


def arrow_type(type_name: str) -> pa.DataType:
    """Return the Arrow type of one physical type of a contract."""
    import pyarrow as pa

    if parts := decimal_parts(type_name):
        return pa.decimal128(*parts)
    types: dict[str, pa.DataType] = {
        "VARCHAR": pa.string(),
        "BIGINT": pa.int64(),
        "INTEGER": pa.int32(),
        "SMALLINT": pa.int16(),
        "DOUBLE": pa.float64(),
        "BOOLEAN": pa.bool_(),
        "DATE": pa.date32(),
        "TIMESTAMP": pa.timestamp("us"),
    }
    return types[type_name]
