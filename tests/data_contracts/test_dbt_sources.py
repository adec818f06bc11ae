"""The generated sources, read by dbt from a lake whose path and batches are awkward."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import polars as pl
import pytest

from data_contracts.dbt_sources import dbt_sources
from data_contracts.loader import load_contract
from data_contracts.schemas import polars_schema

pytestmark = pytest.mark.slow


def test_dbt_reads_every_batch_when_paths_have_quotes_and_old_batches_lack_columns(tmp_path: Path) -> None:
    from dbt.cli.main import dbtRunner

    project = tmp_path / "Maria's shop"
    for name, text in dbt_sources().items():
        file = project / "models" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    flags = "flags: {version_check: false, send_anonymous_usage_stats: false}"
    (project / "dbt_project.yml").write_text(f"name: tiny\nprofile: tiny\nversion: 1.0.0\n{flags}\n")
    output = {"type": "duckdb", "path": str(project / "tiny.duckdb")}
    (project / "profiles.yml").write_text(json.dumps({"tiny": {"target": "dev", "outputs": {"dev": output}}}))
    sql = "{{ config(materialized='table') }} select source_system, device_id from {{ source('lake', 'pos_sales') }}"
    (project / "models" / "sales.sql").write_text(sql)
    schema = polars_schema(load_contract("feeds", "pos_sales"), lineage=True)
    empty = pl.DataFrame(schema=schema)
    row = pl.DataFrame([dict.fromkeys(schema)], schema=schema)
    for batch, frame in {"empty": empty, "a": row.drop("device_id"), "b": row}.items():
        part = project / f"lake/pos_sales/batch={batch}/part-0.parquet"
        part.parent.mkdir(parents=True)
        frame.write_parquet(part)

    arguments = ["--project-dir", str(project), "--profiles-dir", str(project), "--quiet"]
    variables = json.dumps({"lake_root": str(project / "lake")})
    result = dbtRunner().invoke(["build", *arguments, "--vars", variables])

    assert result.success, result.exception
    # dbt keeps its connection open inside this process, and DuckDB refuses a second one of another mode.
    with duckdb.connect(str(project / "tiny.duckdb")) as con:
        assert con.execute("select count(*), count(device_id) from sales").fetchall() == [(2, 0)]
