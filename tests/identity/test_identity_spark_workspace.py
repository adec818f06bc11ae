"""A workspace that asks for Spark resolves to the identity tables that DuckDB gives."""

from __future__ import annotations

import importlib.util
import os
import random
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from test_identity_state import AS_OF, row

from identity.review.decisions import record_decision
from identity.spark import resolving
from identity.spark.process import link_requested
from identity.state_file import state_file
from identity.tables import ORDERS
from workspace.errors import UnavistaError
from workspace.spark import SparkMissing
from workspace.workspace import Workspace


def on_spark(lake, folder: Path):
    """Return a copy of a lake whose workspace asks for Spark."""
    shutil.copytree(lake.ws.root, folder, symlinks=True)
    with (folder / "workspace.yml").open("a", encoding="utf-8") as file:
        file.write("engine: spark\n")
    return type(lake)(Workspace.open(folder))


def contents(lake) -> dict[str, tuple]:
    """Return the types and the rows, in their order, of every identity table."""
    con = duckdb.connect()
    found = {}
    for table in ORDERS:
        rows = con.sql(f"from read_parquet('{lake.ws.build / 'identity' / table}.parquet')")
        found[table] = (rows.columns, [str(kind) for kind in rows.types], rows.fetchall())
    return found


@pytest.fixture
def grown(lake):
    """A lake with a publication, an erased person of whom only the old file is left, and decisions of people."""
    rng = random.Random(6)
    gone = {"id": "900", "person_name": "Zoe Prado", "email": "zoe@uol.com.br", "phone": "11987654321"}
    lake.customers(*(row(rng, number) for number in range(60)), gone)
    lake.resolve(as_of=AS_OF)
    lake.publish()
    lake.customers(gone | {"deleted_at": datetime(2025, 3, 1), "updated_at": datetime(2025, 3, 1)})
    lake.resolve(as_of=AS_OF + timedelta(days=1))
    lake.publish()
    shutil.rmtree(lake.ws.lake / "crm_customers" / "batch=b0002")
    # ids change when people merge and part; a receipt names a customer, or nobody
    lake.customers(*(row(rng, rng.randint(0, 90)) for _ in range(40)))
    lake.sales(
        {"id": "s1", "customer_ref_system": "crm", "customer_ref_id": "5"},
        {"id": "s2", "email": "p1.0x@uol.com.br"},
        {"id": "s3"},
    )
    ids = sorted(one[0] for one in lake.table("customer_records", "select record_id from t"))
    for place, answer in ((0, "same"), (10, "different")):
        record_decision(lake.ws, ids[place], ids[place + 1], answer, by="maria", at=datetime(2026, 2, 1, tzinfo=UTC))
    return lake


@pytest.mark.slow
@pytest.mark.spark
def test_every_identity_table_is_the_same_when_spark_links(grown, spark, tmp_path, monkeypatch):
    monkeypatch.setattr(resolving, "_carry_out", lambda folder, _environment: link_requested(spark, folder))
    other = on_spark(grown, tmp_path / "spark")
    assert state_file(other.ws).is_file()
    for one in (grown, other):
        one.resolve(as_of=AS_OF + timedelta(days=2))
    expected, found = contents(grown), contents(other)
    for table in ("customer_id_aliases", "erasure_tombstones", "review_queue", "guard_decisions"):
        assert expected[table][2], table
    for table in ORDERS:
        assert found[table] == expected[table], table
    assert not state_file(other.ws).is_file()
    assert [path.name for path in other.ws.build.iterdir() if "spark" in path.name] == []


def test_missing_spark_is_said_before_anything_is_done(lake, tmp_path, monkeypatch):
    lake.customers({"id": "1", "person_name": "Ana Lima", "email": "ana@uol.com.br"})
    lake.resolve()
    lake.publish()
    other = on_spark(lake, tmp_path / "spark")
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pyspark" else real(name))
    with pytest.raises(SparkMissing, match=r"pip install 'unavista\[spark\]'"):
        other.resolve()
    assert state_file(other.ws).is_file()


def test_what_a_killed_run_on_spark_left_goes_with_the_next_run(lake):
    lake.customers({"id": "1", "person_name": "Ana Lima", "email": "ana@uol.com.br"})
    left = lake.ws.build / "identity_on_spark"
    left.mkdir(parents=True)
    (left / "raw_records.parquet").write_bytes(b"someone")
    lake.resolve()
    assert not left.exists()


def test_a_failure_on_spark_is_told_without_values_and_leaves_nothing(lake, tmp_path, monkeypatch):
    lake.customers({"id": "1", "person_name": "Ana Lima", "email": "ana@uol.com.br"})
    other = on_spark(lake, tmp_path / "spark")
    monkeypatch.setattr(resolving, "spark_environment", lambda _ws, _needed: dict(os.environ))
    monkeypatch.setattr(resolving, "write_request", lambda *_, **__: None)
    with pytest.raises(UnavistaError, match=r"did not link the records: FileNotFoundError in process\.py:\d+"):
        other.resolve()
    assert [path.name for path in other.ws.build.iterdir() if "spark" in path.name] == []
