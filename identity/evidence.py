"""Collect the person records of the lake: one row per distinct bundle of evidence, from the newest version of each row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_contracts.loader import load_contracts
from ingestion.row_keys import person_block
from workspace.sql import quote_identifier, quote_literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from data_contracts.loader import Contract
    from workspace.workspace import Workspace

BLOCK_COLUMNS = (
    "person_name", "document_number", "email", "email_secondary", "phone", "phone_secondary", "birth_date", "street",
    "street_number", "address_complement", "district", "city", "state_code", "postal_code", "country_code",
    "loyalty_card_id", "account_id", "device_id",
)  # fmt: skip
_SEPARATOR = "chr(31)"


def collect_raw_records(con: DuckDBPyConnection, ws: Workspace) -> None:
    """Create the table `raw_records`, one row per person record of the lake.

    A row counts by its newest version only: what a source has corrected is no longer evidence. Order of versions is that
    of staging: the contract's version column, then the hash of the row.
    """
    contracts = [one for one in load_contracts("feeds", ws).values() if one.person_role != "none"]
    parts = []
    for contract in contracts:
        folder = ws.lake / contract.name
        if not any(folder.glob("batch=*/*.parquet")):
            continue
        part = f"raw_{contract.name}"
        create_newest_rows(con, ws, contract)
        con.execute(f"create or replace temp table {part} as {_records_of(contract)}")
        parts.append(part)
    if not parts:
        con.execute(f"create or replace temp table raw_records as select {_typed_nulls()} where false")
        return
    union = " union all by name ".join(f"select * from {part}" for part in parts)
    con.execute(f"create or replace temp table raw_records as {_combined(union)}")
    for part in parts:
        con.execute(f"drop table {part}")


def create_newest_rows(con: DuckDBPyConnection, ws: Workspace, contract: Contract) -> None:
    """Create the view `newest_rows`: rows whose key has one version, and the greatest version of the others."""
    pattern = quote_literal(ws.lake / contract.name / "batch=*" / "*.parquet")
    rows = f"read_parquet({pattern}, hive_partitioning = false, union_by_name = true)"
    con.execute(
        f"create or replace temp table contested_rows as select _row_key from {rows} group by _row_key having count(*) > 1"
    )
    if not con.execute("select count(*) from contested_rows").fetchall()[0][0]:
        con.execute(f"create or replace temp view newest_rows as select * from {rows}")
        return
    version = quote_identifier(contract.version_column) if contract.version_column else "cast(null as TIMESTAMP)"
    con.execute(
        f"create or replace temp view newest_rows as select * from {rows} "
        "where _row_key not in (select _row_key from contested_rows) union all by name "
        f"select * exclude (version_place) from (select *, row_number() over (partition by _row_key order by {version} desc "
        f"nulls last, _row_hash desc) as version_place from {rows} where _row_key in (select _row_key from contested_rows)) "
        "where version_place = 1"
    )


def _records_of(contract: Contract) -> str:
    names = set(contract.column_names)

    def column(name: str, kind: str = "VARCHAR") -> str:
        return quote_identifier(name) if name in names else f"cast(null as {kind})"

    block = person_block(contract)
    kinds = {name: "DATE" if name == "birth_date" else "VARCHAR" for name in BLOCK_COLUMNS}
    event = column(contract.event_time_column or "", "TIMESTAMP")
    seen = f"cast({event} as TIMESTAMP)"
    version = column(contract.version_column or "", "TIMESTAMP")
    if contract.person_role == "master":
        source_id = next(name for name in contract.primary_key if name != "source_system")
        account = "account_id"
        if source_id == "source_account_id":
            account = "coalesce(account_id, source_account_id)"
        fields = {name: column(name, kind) for name, kind in kinds.items()} | {"account_id": account}
        return (
            f"select _record_id as record_id, source_system, {quote_identifier(source_id)} as source_customer_id, "
            f"{quote_literal(contract.name)} as contract, {column('customer_kind')} as customer_kind, "
            f"{version} as updated_at, {seen} as first_seen_at, coalesce({version}, {seen}) as last_seen_at, "
            f"true as is_master, {column('deleted_at', 'TIMESTAMP')} is not null as is_deleted, "
            f"{column('deleted_at', 'TIMESTAMP')} as deleted_at, _record_id as reference_record_id, _row_hash as record_hash, "
            f"{column('gender')} as gender, cast(1 as BIGINT) as row_count, "
            f"{', '.join(f'{sql} as {name}' for name, sql in fields.items())} from newest_rows where _record_id is not null"
        )
    empty = " and ".join(f"{quote_identifier(name)} is null" for name in block) or "true"
    referenced = f"md5(concat_ws({_SEPARATOR}, 'ref', coalesce(customer_ref_system, source_system), customer_ref_id))"
    fields = {name: f"any_value({column(name, kind)})" for name, kind in kinds.items()}
    return (
        "select _record_id as record_id, "
        f"min(case when {empty} then coalesce(customer_ref_system, source_system) else source_system end) as source_system, "
        f"min(case when {empty} then customer_ref_id end) as source_customer_id, "
        f"{quote_literal(contract.name)} as contract, cast(null as VARCHAR) as customer_kind, "
        f"max({version}) as updated_at, min({seen}) as first_seen_at, max({seen}) as last_seen_at, "
        "false as is_master, false as is_deleted, cast(null as TIMESTAMP) as deleted_at, "
        f"min(case when customer_ref_id is not null then {referenced} end) as reference_record_id, "
        "cast(null as BIGINT) as record_hash, cast(null as VARCHAR) as gender, count(*) as row_count, "
        f"{', '.join(f'{sql} as {name}' for name, sql in fields.items())} "
        "from newest_rows where _record_id is not null group by _record_id"
    )


def _combined(union: str) -> str:
    """Return SQL that folds the parts into one row per record; a master speaks for the rows that point at it."""
    masters = (
        "source_system", "source_customer_id", "contract", "customer_kind", "updated_at", "deleted_at", "record_hash", "gender",
        *BLOCK_COLUMNS,
    )  # fmt: skip
    spoken = ", ".join(
        f"coalesce(max({name}) filter (where is_master), min({name}) filter (where not is_master)) as {name}"
        for name in masters
    )
    return (
        f"with parts as ({union}), repeated as (select record_id from parts group by record_id having count(*) > 1) "
        "select * from parts where record_id not in (select record_id from repeated) union all by name "
        f"select record_id, {spoken}, min(first_seen_at) as first_seen_at, max(last_seen_at) as last_seen_at, "
        "bool_or(is_master) as is_master, bool_or(is_deleted) as is_deleted, min(reference_record_id) as reference_record_id, "
        "cast(sum(row_count) as BIGINT) as row_count from parts where record_id in (select record_id from repeated) group by record_id"
    )


def _typed_nulls() -> str:
    kinds = {
        "record_id": "VARCHAR", "source_system": "VARCHAR", "source_customer_id": "VARCHAR", "contract": "VARCHAR",
        "customer_kind": "VARCHAR", "updated_at": "TIMESTAMP", "first_seen_at": "TIMESTAMP", "last_seen_at": "TIMESTAMP",
        "is_master": "BOOLEAN", "is_deleted": "BOOLEAN", "deleted_at": "TIMESTAMP", "reference_record_id": "VARCHAR",
        "record_hash": "BIGINT", "gender": "VARCHAR", "row_count": "BIGINT",
    } | {name: "DATE" if name == "birth_date" else "VARCHAR" for name in BLOCK_COLUMNS}  # fmt: skip
    return ", ".join(f"cast(null as {kind}) as {name}" for name, kind in kinds.items())
