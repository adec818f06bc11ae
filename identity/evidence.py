"""Collect the person records of the lake: one row per distinct bundle of evidence, from the newest version of each
row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_contracts.loader import load_contracts
from workspace.sql import quote_identifier, quote_literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from data_contracts.loader import Contract
    from workspace.workspace import Workspace

BLOCK_COLUMNS = {
    "person_name": "VARCHAR", "document_number": "VARCHAR", "email": "VARCHAR", "email_secondary": "VARCHAR",
    "phone": "VARCHAR", "phone_secondary": "VARCHAR", "birth_date": "DATE", "street": "VARCHAR",
    "street_number": "VARCHAR", "address_complement": "VARCHAR", "district": "VARCHAR", "city": "VARCHAR",
    "state_code": "VARCHAR",
    "postal_code": "VARCHAR", "country_code": "VARCHAR", "loyalty_card_id": "VARCHAR", "account_id": "VARCHAR",
    "device_id": "VARCHAR",
}  # fmt: skip
"""The columns of evidence that person-bearing feeds share, and their types; a feed without one has it null."""
_MASTER_COLUMNS = {"customer_kind": "VARCHAR", "gender": "VARCHAR", "deleted_at": "TIMESTAMP"}
_REFERENCE = "md5(concat_ws(chr(31), 'ref', coalesce(customer_ref_system, source_system), customer_ref_id))"


def collect_raw_records(con: DuckDBPyConnection, ws: Workspace, *, only: str | None = None) -> None:
    """Create the table `raw_records`, one row per person record of the lake, in the order of `record_id`.

    `only` names a table (record_id): no other records are collected.

    A row counts by its newest version only: what a source has corrected is no longer evidence. Order of versions is
    that of staging: the contract's version column, then the hash of the row. Rows of one record differ in nothing but
    time, so one of them stands for all (a registration before the rows that point at it); what is read of the others
    is when.
    """
    con.execute(f"create or replace temp table activity as {_activity_of(None)}")
    con.execute(f"create or replace temp table bundles as {_bundles_of(None)}")
    for contract in load_contracts("feeds", ws).values():
        if contract.person_role != "none" and any((ws.lake / contract.name).glob("batch=*/*.parquet")):
            create_newest_rows(con, ws, contract, only=only)
            con.execute(f"create or replace temp table contract_activity as {_activity_of(contract)}")
            con.execute("insert into activity by name select * from contract_activity")
            con.execute(f"insert into bundles by name {_bundles_of(contract)}")
    con.execute(
        """
        create or replace temp table raw_records as
        with owners as (
            select
                record_id,
                min(case when is_master then '0' else '1' end || contract) as owner,
                max(updated_at) filter (where is_master) as registered_version,
                max(updated_at) as any_version,
                min(first_seen_at) as first_seen_at,
                max(last_seen_at) as last_seen_at,
                cast(sum(row_count) as BIGINT) as row_count
            from activity
            group by record_id
        )
        select
            b.*,
            b.deleted_at is not null as is_deleted,
            case when b.is_master then o.registered_version else o.any_version end as updated_at,
            o.first_seen_at,
            o.last_seen_at,
            o.row_count
        from bundles b
        join owners o
            on o.record_id = b.record_id and o.owner = case when b.is_master then '0' else '1' end || b.contract
        order by b.record_id
        """
    )
    for table in ("activity", "bundles", "contract_activity"):
        con.execute(f"drop table if exists {table}")


def lake_rows(ws: Workspace, contract: Contract) -> str:
    """Return SQL for all rows of a contract in the lake."""
    pattern = quote_literal(ws.lake / contract.name / "batch=*" / "*.parquet")
    return f"read_parquet({pattern}, hive_partitioning = false, union_by_name = true)"


def create_newest_rows(con: DuckDBPyConnection, ws: Workspace, contract: Contract, *, only: str | None = None) -> None:
    """Create the view `newest_rows`: rows whose key has one version, and the greatest version of the others.

    Only keys that occur more than once are sorted. With `only`, a table (record_id), these are the newest rows that
    belong to its records: a row whose newest version belongs to another record is none of them.
    """
    rows = lake_rows(ws, contract)
    if only:
        con.execute(
            f"create or replace temp table wanted_rows as select * from {rows} where _row_key in ("
            f"select _row_key from {rows} where _record_id in (select record_id from {only}))"
        )
        rows = "wanted_rows"
    con.execute(
        f"create or replace temp table contested_rows as "
        f"select _row_key from {rows} group by _row_key having count(*) > 1"
    )
    if not con.execute("select count(*) from contested_rows").fetchall()[0][0]:
        mine = f" where _record_id in (select record_id from {only})" if only else ""
        con.execute(f"create or replace temp view newest_rows as select * from {rows}{mine}")
        return
    version = quote_identifier(contract.version_column) if contract.version_column else "cast(null as TIMESTAMP)"
    con.execute(
        f"""
        create or replace temp view newest_rows as
        select * from {rows} where _row_key not in (select _row_key from contested_rows)
        union all by name
        select * exclude (version_place) from (
            select
                *,
                row_number() over (partition by _row_key order by {version} desc nulls last, _row_hash desc)
                    as version_place
            from {rows}
            where _row_key in (select _row_key from contested_rows)
        )
        where version_place = 1
        """
    )
    if only:
        con.execute(
            f"create or replace temp table wanted_newest as "
            f"select * from newest_rows where _record_id in (select record_id from {only})"
        )
        con.execute("create or replace temp view newest_rows as select * from wanted_newest")


def _activity_of(contract: Contract | None) -> str:
    """Return SQL for when a contract's rows show each record, and the row that stands for it (none for None)."""
    if contract is None:
        return (
            "select '' as record_id, '' as contract, false as is_master, cast(null as TIMESTAMP) as updated_at, "
            "cast(null as TIMESTAMP) as first_seen_at, cast(null as TIMESTAMP) as last_seen_at, "
            "cast(0 as BIGINT) as row_count, cast(0 as BIGINT) as bundle_key where false"
        )
    version = _column(contract, contract.version_column, "TIMESTAMP")
    seen = f"cast({_column(contract, contract.event_time_column, 'TIMESTAMP')} as TIMESTAMP)"
    last = f"greatest({seen}, {version})" if contract.person_role == "master" else seen
    return f"""
        select
            _record_id as record_id,
            {quote_literal(contract.name)} as contract,
            {contract.person_role == "master"} as is_master,
            max({version}) as updated_at,
            min({seen}) as first_seen_at,
            max({last}) as last_seen_at,
            count(*) as row_count,
            min(_row_key) as bundle_key
        from newest_rows
        where _record_id is not null
        group by _record_id
        """


def _bundles_of(contract: Contract | None) -> str:
    """Return SQL for the evidence of each record of a contract, from the row that stands for it (none for None)."""
    if contract is None:
        columns = {
            "record_id": "VARCHAR",
            "source_system": "VARCHAR",
            "source_customer_id": "VARCHAR",
            "contract": "VARCHAR",
        }
        columns |= {"is_master": "BOOLEAN", "reference_record_id": "VARCHAR", "record_hash": "BIGINT"}
        columns |= _MASTER_COLUMNS | BLOCK_COLUMNS
        return f"select {', '.join(f'cast(null as {kind}) as {name}' for name, kind in columns.items())} where false"
    fields = {name: _column(contract, name, kind) for name, kind in (_MASTER_COLUMNS | BLOCK_COLUMNS).items()}
    if contract.person_role == "master":
        source_id = next(name for name in contract.primary_key if name != "source_system")
        system, reference = "source_system", "_record_id"
        if source_id == "source_account_id":
            fields["account_id"] = "coalesce(account_id, source_account_id)"
    else:
        points = f"_record_id = {_REFERENCE}"
        system = f"case when {points} then coalesce(customer_ref_system, source_system) else source_system end"
        source_id = f"case when {points} then customer_ref_id end"
        reference = f"case when customer_ref_id is not null then {_REFERENCE} end"
    listed = ", ".join(f"{sql} as {name}" for name, sql in fields.items())
    return f"""
        select
            _record_id as record_id,
            {system} as source_system,
            {source_id} as source_customer_id,
            {quote_literal(contract.name)} as contract,
            {contract.person_role == "master"} as is_master,
            {reference} as reference_record_id,
            {"_row_hash" if contract.person_role == "master" else "cast(null as BIGINT)"} as record_hash,
            {listed}
        from newest_rows
        where _row_key in (select bundle_key from contract_activity)
        """


def _column(contract: Contract, name: str | None, kind: str) -> str:
    known = name is not None and name in contract.column_names
    return quote_identifier(name) if known and name else f"cast(null as {kind})"
