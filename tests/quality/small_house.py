"""A workspace with a few rows in its lake, a resolved crosswalk and a hand-made build; small enough for every test.

The house has three products of its own, so that these tests do not depend on the marts; all feed contracts are real.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

import data_contracts.loader as loader
from data_contracts.loader import load_contract, load_contracts
from ingestion.lake import Lake
from ingestion.landing import land_contract
from quality.balances import staging_model
from quality.build_reading import BUILD, attach_build
from quality.contents import list_tables, read_content
from quality.operations_tables import quality_operations
from quality.verdicts import content_key, write_verdict
from workspace.runs import Run
from workspace.sql import connect, quote_literal
from workspace.workspace import Workspace

FIRST = Run.at(datetime(2026, 1, 10, 5, tzinfo=UTC))
SECOND = Run.at(datetime(2026, 1, 11, 5, tzinfo=UTC))
THIRD = Run.at(datetime(2026, 1, 12, 5, tzinfo=UTC))
REAL_FEEDS = loader.CONTRACTS_FOLDER / "feeds"
FEEDS = (
    "crm_customers",
    "crm_service_contacts",
    "ecommerce_orders",
    "ecommerce_order_lines",
    "pos_sales",
    "campaign_contacts",
)


def column(name: str, logical: str, physical: str, **more: Any) -> dict[str, Any]:
    shape = {"name": name, "logicalType": logical, "physicalType": physical, "description": f"The {name}."}
    return shape | {"classification": "internal"} | more


def key(name: str) -> dict[str, Any]:
    return column(name, "string", "VARCHAR", required=True, primaryKey=True, primaryKeyPosition=1)


PRODUCTS: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "dim_customers": ("customers", [key("customer_id"), column("state_code", "string", "VARCHAR")]),
    "fct_orders": (
        "orders",
        [
            key("order_id"),
            column("customer_id", "string", "VARCHAR"),
            column("net_amount", "number", "DECIMAL(18,2)", required=True, logicalTypeOptions={"minimum": 0}),
            column("net_revenue_amount", "number", "DECIMAL(18,2)", required=True),
            column("currency_code", "string", "VARCHAR", required=True, logicalTypeOptions={"pattern": "^[A-Z]{3}$"}),
            column("returned_amount", "number", "DECIMAL(18,2)", required=True),
            column("return_receipt_count", "integer", "BIGINT", required=True),
            column("is_return", "boolean", "BOOLEAN", required=True),
        ],
    ),
    "fct_service_contacts": (
        "service",
        [
            key("service_contact_id"),
            column("customer_id", "string", "VARCHAR"),
            column(
                "contact_type",
                "string",
                "VARCHAR",
                required=True,
                customProperties=[{"property": "vocabulary", "value": "contact_types"}],
            ),
        ],
    ),
    "fct_campaign_contacts": (
        "campaigns",
        [
            key("campaign_contact_id"),
            column("customer_id", "string", "VARCHAR"),
            column("cost_amount", "number", "DECIMAL(18,2)"),
        ],
    ),
    "customer_contacts": (
        "restricted",
        [
            key("customer_id"),
            column("email", "string", "VARCHAR", classification="restricted", tags=["pii", "pii_direct"]),
        ],
    ),
}


def write_contracts(folder: Path) -> Path:
    """Write the house's contracts, with a handful of the real feeds, and return the folder."""
    (folder / "feeds").mkdir(parents=True)
    (folder / "products").mkdir()
    (folder / "exports").mkdir()
    for name in FEEDS:
        shutil.copyfile(REAL_FEEDS / f"{name}.yml", folder / "feeds" / f"{name}.yml")
    for name, (domain, columns) in PRODUCTS.items():
        grain = {"property": "grain", "value": f"One row per {columns[0]['name']}."}
        table = {"name": name, "description": f"{name}.", "customProperties": [grain], "properties": columns}
        document = {
            "apiVersion": "v3.2.0",
            "kind": "DataContract",
            "id": f"test.{name}",
            "name": name,
            "version": "1.0.0",
            "status": "active",
            "domain": domain,
            "schema": [table],
        }
        (folder / "products" / f"{name}.yml").write_text(yaml.safe_dump(document))
    return folder


def move_in(folder: Path) -> None:
    """Make the packaged contracts those of the small house, for this process."""
    loader.CONTRACTS_FOLDER = folder
    loader._load.cache_clear()


def open_workspace(root: Path, **settings: Any) -> Workspace:
    root.mkdir(parents=True, exist_ok=True)
    (root / "workspace.yml").write_text(yaml.safe_dump({"name": "small house", **settings}))
    return Workspace.open(root)


FEED_FILES = {
    "crm_customers": (
        "source_system,source_customer_id,person_name,email,updated_at",
        "crm,{0},Ana {0},ana{0}@example.com,2026-01-01T00:00:00",
    ),
    "ecommerce_orders": (
        "source_system,source_order_id,customer_ref_system,customer_ref_id,ordered_at,status,net_amount,currency_code",
        "shop,o{0},crm,{0},2026-01-02T10:00:00,paid,10.25,BRL",
    ),
    "crm_service_contacts": (
        "source_system,source_contact_id,customer_ref_system,customer_ref_id,opened_at,contact_type,channel",
        "crm,s{0},crm,{0},2026-01-03T10:00:00,complaint,call_center",
    ),
}


def write_feed(ws: Workspace, contract: str, rows: list[str], *, file: str = "one.csv") -> None:
    """Put a delivery of a feed into the landing folder, and its mapping beside it."""
    header = FEED_FILES[contract][0]
    names = header.split(",")
    mapping = {
        "feed": contract,
        "contract": contract,
        "source": {
            "type": "file",
            "path": f"landing/{contract}/*.csv",
            "format": "csv",
            "datetime_format": "%Y-%m-%dT%H:%M:%S",
            "timezone": "UTC",
        },
        "columns": {name: name for name in names},
    }
    (ws.root / "feeds").mkdir(exist_ok=True)
    (ws.root / "feeds" / f"{contract}.yml").write_text(yaml.safe_dump(mapping))
    folder = ws.landing / contract
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text("\n".join([header, *rows]) + "\n")


def rows_of(contract: str, count: int, start: int = 1) -> list[str]:
    return [FEED_FILES[contract][1].format(number) for number in range(start, start + count)]


def land_all(ws: Workspace, run: Run, count: int = 6) -> None:
    """Land `count` customers with one order and one service contact each; the other feeds are empty."""
    for contract in FEED_FILES:
        write_feed(ws, contract, rows_of(contract, count))
    for contract in load_contracts("feeds", ws).values():
        if contract.name in FEED_FILES:
            landed = land_contract(ws, run, contract.name)
            assert not landed.failures, landed.failures
        else:
            Lake(ws).ensure_empty(contract)


def resolve(ws: Workspace, *, same_person: dict[str, str] | None = None) -> None:
    """Write a crosswalk and customer records: one customer per record, except those told to be the same person."""
    folder = ws.build / "identity"
    folder.mkdir(parents=True, exist_ok=True)
    merged = json.dumps(same_person or {})
    with connect(ws) as con:
        names = [one.name for one in load_contracts("feeds", ws).values() if one.person_role != "none"]
        sources = " union ".join(
            f"select _record_id as record_id from read_parquet({quote_literal(Lake(ws).glob(name))}) "
            "where _record_id is not null"
            for name in names
        )
        customers = f"read_parquet({quote_literal(Lake(ws).glob('crm_customers'))})"
        con.execute(
            "create table crosswalk as select record_id, coalesce(json_extract_string("
            f"{quote_literal(merged)}::json, 'c' || source_customer_id), 'c' || source_customer_id) as customer_id "
            f"from ({sources}) left join (select distinct _record_id, source_customer_id from {customers}) "
            "on _record_id = record_id order by record_id"
        )
        con.execute(f"copy crosswalk to {quote_literal(folder / 'customer_crosswalk.parquet')} (format parquet)")
        con.execute(
            f"copy (select distinct _record_id as record_id, email, person_name as full_name from {customers} order by 1) "
            f"to {quote_literal(folder / 'customer_records.parquet')} (format parquet)"
        )


def build(ws: Workspace, *statements: str) -> None:
    """Write the build file from lake and crosswalk as the models would, then run `statements` to spoil it."""
    ws.build_file.unlink(missing_ok=True)
    with connect(ws, database=ws.build_file) as con:
        con.execute("create schema staging; create schema marts; create schema restricted")
        for contract in load_contracts("feeds", ws).values():
            names = ", ".join(contract.column_names)
            version = f"{contract.version_column} desc nulls last, " if contract.version_column else ""
            con.execute(
                f"create table {staging_model(contract)} as select {names}, _record_id as record_id from (select *, "
                f"row_number() over (partition by _row_key order by {version} _row_hash desc) as place "
                f"from read_parquet({quote_literal(Lake(ws).glob(contract.name))})) where place = 1"
            )
        crosswalk = f"read_parquet({quote_literal(ws.build / 'identity' / 'customer_crosswalk.parquet')})"
        con.execute(
            f"""
            create table marts.dim_customers as select distinct customer_id, 'SP' as state_code from {crosswalk}
            where customer_id is not null;
            create table marts.fct_orders as select source_order_id as order_id, customer_id, net_amount,
            net_amount as net_revenue_amount, currency_code, cast(0 as DECIMAL(18,2)) as returned_amount,
            cast(0 as BIGINT) as return_receipt_count, false as is_return
            from staging.stg_ecommerce__orders left join {crosswalk} using (record_id);
            create table marts.fct_service_contacts as select source_contact_id as service_contact_id, customer_id,
            contact_type from staging.stg_crm__service_contacts left join {crosswalk} using (record_id);
            create table marts.fct_campaign_contacts as select source_contact_id as campaign_contact_id,
            cast(null as VARCHAR) as customer_id, cost_amount from staging.stg_campaign__contacts;
            create table restricted.customer_contacts as select customer_id, 'ana@example.com' as email
            from marts.dim_customers;
            """
        )
        for statement in statements:
            con.execute(statement)


def products() -> list[str]:
    return [load_contract("products", name).name for name in PRODUCTS]


def decide_for(ws: Workspace, run: Run, status: str = "pass", reasons: tuple[str, ...] = ()) -> None:
    """Record a verdict on the build without auditing it."""
    with connect(ws) as con:
        attach_build(con, ws.build_file)
        contents = [read_content(con, BUILD, table) for table in list_tables(con, BUILD)]
    with quality_operations(ws) as con:
        write_verdict(con, run, status, reasons, content_key(contents, reasons))


def published_rows(ws: Workspace, query: str) -> list[tuple[Any, ...]]:
    with connect(ws, database=ws.published_file, read_only=True) as con:
        return con.execute(query).fetchall()


class OpenReader:
    """An analyst: another process that opened the published file and keeps it open."""

    def __init__(self, file: Path) -> None:
        code = (
            "import sys, duckdb; con = duckdb.connect(sys.argv[1], read_only=True); print('open', flush=True)\n"
            "for line in sys.stdin: print(con.execute(line).fetchall(), flush=True)"
        )
        self._process = subprocess.Popen(
            [sys.executable, "-c", code, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout.readline() == "open\n"

    def ask(self, query: str) -> str:
        self._process.stdin.write(query + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def __enter__(self) -> OpenReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()
