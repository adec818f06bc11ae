"""The same identities and marts from DuckDB and from Spark, compared by key and column."""

from __future__ import annotations

import hashlib
import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
from sample_company import change_setting, mart_contents, run

from data_contracts.loader import Contract, load_contracts
from identity.published import published_folder
from identity.tables import ORDERS
from workspace.sql import connect, quote_identifier, quote_literal
from workspace.workspace import Workspace


def has_spark() -> bool:
    has_java = bool(os.environ.get("JAVA_HOME") or shutil.which("java"))
    return has_java and find_spec("pyspark") is not None


pytestmark = pytest.mark.spark


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_identity_table_and_mart_is_the_same_when_spark_makes_it(finished_folder: Path, fresh: Path) -> None:
    if not has_spark():
        if os.environ.get("UNAVISTA_REQUIRE_SPARK"):
            pytest.fail("Spark is required here, and pyspark or Java is missing")
        pytest.skip("needs pyspark and Java: pip install 'unavista[spark]'")
    change_setting(fresh, "engine: spark")
    change_setting(fresh, "memory_limit: 2GB")
    assert run(fresh) == "pass"
    assert identity_tables(fresh) == identity_tables(finished_folder)
    duckdb_file, spark_file = (Workspace.open(folder).published_file for folder in (finished_folder, fresh))
    assert differences(duckdb_file, spark_file) == {}
    assert mart_contents(finished_folder) == mart_contents(fresh)


def identity_tables(folder: Path) -> dict[str, tuple]:
    """Return the types and the number and hash of the rows, in their order, of every published identity table."""
    found = {}
    with connect() as con:
        for table in ORDERS:
            rows = f"read_parquet({quote_literal(published_folder(Workspace.open(folder)) / f'{table}.parquet')})"
            types = con.execute(f"describe from {rows}").fetchall()
            listed = con.execute(f"from {rows}").fetchall()
            found[table] = (types, len(listed), hashlib.md5(repr(listed).encode()).hexdigest())
    return found


def differences(one: Path, other: Path) -> dict[str, str]:
    """Return each mart that differs, with the columns and how many rows, or the row counts."""
    found = {}
    with connect() as con:
        con.execute(f"attach {quote_literal(one)} as one (read_only)")
        con.execute(f"attach {quote_literal(other)} as other (read_only)")
        for name, contract in load_contracts("products").items():
            schema = "restricted" if contract.domain == "restricted" else "marts"
            told = _difference(con, f"{schema}.{quote_identifier(name)}", contract)
            if told:
                found[name] = told
    return found


def _difference(con, table: str, contract: Contract) -> str:
    counts = [con.execute(f"select count(*) from {side}.{table}").fetchall()[0][0] for side in ("one", "other")]
    if counts[0] != counts[1]:
        return f"{counts[0]} rows against {counts[1]}"
    on = " and ".join(
        f"a.{quote_identifier(key)} is not distinct from b.{quote_identifier(key)}" for key in contract.primary_key
    )
    columns = [name for name in contract.column_names if name not in contract.primary_key]
    counted = "".join(
        f", count(*) filter (a.{quote_identifier(name)} is distinct from b.{quote_identifier(name)})"
        for name in columns
    )
    row = con.execute(f"select count(*){counted} from one.{table} as a join other.{table} as b on {on}").fetchall()[0]
    if row[0] != counts[0]:
        return f"{row[0]} of {counts[0]} keys match"
    return ", ".join(f"{name} ({count} rows)" for name, count in zip(columns, row[1:], strict=True) if count)
