"""One contract, the same types in Polars, Arrow, Parquet and DuckDB."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pytest

from data_contracts.drift import table_differences
from data_contracts.lineage import LINEAGE_COLUMNS, LINEAGE_DESCRIPTIONS
from data_contracts.loader import contract_names, load_contract
from data_contracts.schemas import arrow_schema, duckdb_columns, polars_schema


@pytest.mark.parametrize("name", contract_names("feeds"))
def test_parquet_has_the_contract_types_when_written_from_the_schema(name: str, tmp_path: Path) -> None:
    contract = load_contract("feeds", name)
    file = tmp_path / "part-0.parquet"
    pl.DataFrame(schema=polars_schema(contract, lineage=True)).write_parquet(file)
    with duckdb.connect() as con:
        rows = con.execute("describe select * from read_parquet(?)", [str(file)]).fetchall()
    assert table_differences(contract, {row[0]: row[1] for row in rows}, lineage=True) == []


def test_arrow_and_polars_agree_when_built_from_one_contract() -> None:
    contract = load_contract("feeds", "pos_sales")
    arrow = arrow_schema(contract, lineage=True)
    from_arrow = pl.DataFrame(pl.from_arrow(arrow.empty_table())).schema
    assert dict(from_arrow) == dict(polars_schema(contract, lineage=True))
    assert arrow.field("email").metadata[b"tags"] == b"pii,pii_direct"
    assert not arrow.field("sold_at").nullable and arrow.field("_record_id").nullable
    assert arrow.field("net_amount").type == pa.decimal128(18, 2)


def test_lineage_stands_last_and_described_when_asked_for() -> None:
    columns = duckdb_columns(load_contract("feeds", "stores"), lineage=True)
    assert list(columns)[-len(LINEAGE_COLUMNS) :] == list(LINEAGE_COLUMNS)
    assert LINEAGE_DESCRIPTIONS.keys() == LINEAGE_COLUMNS.keys()
