"""A workspace whose lake the tests fill row by row, as ingestion would."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import pytest

from data_contracts.lineage import LINEAGE_COLUMNS
from data_contracts.loader import load_contract
from identity.resolving import IdentityResult, resolve
from ingestion.row_keys import record_id, row_hash, row_key
from workspace.runs import Run
from workspace.workspace import Workspace

AS_OF = datetime(2026, 1, 31, 5, tzinfo=UTC)


@dataclass
class Lake:
    """Write rows into the lake of a workspace, resolve it, and read the tables."""

    ws: Workspace
    day: int = 0
    batches: int = 0
    known: set[str] = field(default_factory=set)

    def write(self, contract_name: str, rows: list[dict[str, Any]], batch: str | None = None) -> None:
        contract = load_contract("feeds", contract_name)
        self.batches += 1
        batch = batch or f"b{self.batches:04d}"
        folder = self.ws.lake / contract_name / f"batch={batch}"
        folder.mkdir(parents=True, exist_ok=True)
        con = duckdb.connect()
        names = [column.name for column in contract.columns]
        fields = ", ".join(f'"{column.name}" {column.physical_type}' for column in contract.columns)
        con.execute(f"create table rows ({fields})")
        con.executemany(
            f"insert into rows values ({', '.join('?' * len(names))})",
            [[row.get(name) for name in names] for row in rows],
        )
        lineage = {
            "_record_id": record_id(contract, names), "_row_key": row_key(contract), "_row_hash": row_hash(contract, names),
            "_source_file": "'test'", "_source_row": "rowid + 1", "_batch_id": f"'{batch}'", "_run_id": "'run'",
            "_ingested_at": "timestamp '2026-01-01'", "_contract_version": "'1.0.0'",
        }  # fmt: skip
        extra = ", ".join(f"cast({lineage[name]} as {kind}) as {name}" for name, kind in LINEAGE_COLUMNS.items())
        con.execute(f"copy (select *, {extra} from rows) to '{folder / 'part-0.parquet'}' (format parquet)")
        con.close()

    def customers(self, *rows: dict[str, Any]) -> None:
        """Write CRM customers: `id` is the source id, `updated_at` may be given."""
        base = {"source_system": "crm", "updated_at": datetime(2025, 1, 1)}
        self.write("crm_customers", [base | {"source_customer_id": row["id"]} | row for row in rows])

    def sales(self, *rows: dict[str, Any]) -> None:
        """Write receipts of the point of sale: `id` is the receipt."""
        base = {
            "source_system": "pos", "store_id": "s1", "sold_at": datetime(2025, 6, 1), "net_amount": 10, "currency_code": "BRL",
        }  # fmt: skip
        self.write("pos_sales", [base | {"source_sale_id": row["id"]} | row for row in rows])

    def resolve(self, *, as_of: datetime = AS_OF) -> IdentityResult:
        return resolve(self.ws, Run.at(as_of))

    def publish(self) -> None:
        """Make the build's identity tables the published ones, as the gate would."""
        target = self.ws.publications / f"p{len(list(self.ws.publications.glob('*')))}"
        shutil.copytree(self.ws.build / "identity", target / "identity")
        self.ws.current.unlink(missing_ok=True)
        self.ws.current.symlink_to(target)

    def table(self, name: str, query: str = "select * from t") -> list[tuple]:
        con = duckdb.connect()
        con.execute(f"create view t as select * from read_parquet('{self.ws.build / 'identity' / name}.parquet')")
        rows = con.execute(query).fetchall()
        con.close()
        return rows

    def customer_of(self, source_id: str, system: str = "crm") -> str | None:
        """Return the customer of a registered record, or of the receipt `source_id` when the system is pos."""
        if system == "pos":
            return self.customer_of_row("pos_sales", "source_sale_id", source_id)
        return self.customer_of_row("crm_customers", "source_customer_id", source_id)

    def customer_of_row(self, contract: str, key: str, value: str) -> str | None:
        """Return the customer of a row of the lake."""
        con = duckdb.connect()
        rows = con.execute(
            f"select c.customer_id from read_parquet('{self.ws.lake}/{contract}/*/*.parquet') r "
            f"join read_parquet('{self.ws.build}/identity/customer_crosswalk.parquet') c on c.record_id = r._record_id "
            f"where r.{key} = ? order by _batch_id desc",
            [value],
        ).fetchall()
        con.close()
        return rows[0][0] if rows else None


def _lake(root: Path, identity: str | None = None) -> Lake:
    (root / "workspace.yml").write_text("name: Test shop\nthreads: 2\nmemory_limit: 1GB\n")
    if identity:
        (root / "identity.yml").write_text(identity)
    return Lake(Workspace.open(root))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return _lake(tmp_path)


@pytest.fixture(scope="module")
def shared_lake(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Lake:
    """One lake for all tests of a module that only read it; `IDENTITY` of the module is its identity.yml."""
    return _lake(tmp_path_factory.mktemp("lake"), getattr(request.module, "IDENTITY", None))


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A session of Spark in this process, where Spark can run."""
    has_java = bool(os.environ.get("JAVA_HOME") or shutil.which("java"))
    if not (has_java and find_spec("pyspark")):
        if os.environ.get("UNAVISTA_REQUIRE_SPARK"):
            pytest.fail("Spark is required here, and pyspark or Java is missing")
        pytest.skip("needs pyspark and Java: pip install 'unavista[spark]'")
    from pyspark.sql import SparkSession

    folder = tmp_path_factory.mktemp("spark")
    before = {name: os.environ.get(name) for name in ("SPARK_LOCAL_IP", "PYSPARK_PYTHON", "SPARK_HOME")}
    os.environ |= {"SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
    os.environ.pop("SPARK_HOME", None)
    builder = SparkSession.builder.master("local[2]")
    for name, value in {
        "driver.host": "127.0.0.1",
        "driver.bindAddress": "127.0.0.1",
        "driver.memory": "1g",
        "driver.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Duser.timezone=UTC",
        "ui.enabled": "false",
        "ui.showConsoleProgress": "false",
        "local.dir": folder / "local",
        "sql.warehouse.dir": folder / "warehouse",
        "sql.shuffle.partitions": "2",
        "sql.codegen.wholeStage": "false",
        "sql.timestampType": "TIMESTAMP_NTZ",
    }.items():
        builder = builder.config(f"spark.{name}", str(value))
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()
    for name, value in before.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
