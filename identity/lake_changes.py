"""Find the records that the lake, the tombstones, the decisions or the instant of a run have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_contracts.loader import load_contracts
from identity.evidence import lake_rows
from identity.hashing import hash_sql
from identity.normalised_records import RID
from workspace.sql import quote_literal

if TYPE_CHECKING:
    from datetime import datetime

    from duckdb import DuckDBPyConnection

    from data_contracts.loader import Contract
    from workspace.workspace import Workspace


def lake_files(ws: Workspace) -> set[tuple[str, str, int]]:
    """Return contract, path below the contract and size of every file of the lake that holds persons; files are
    written once."""
    return {
        (contract.name, str(file.relative_to(ws.lake / contract.name)), file.stat().st_size)
        for contract in person_contracts(ws)
        for file in (ws.lake / contract.name).glob("batch=*/*.parquet")
    }


def person_contracts(ws: Workspace) -> list[Contract]:
    """Return the contracts whose rows carry persons."""
    return [contract for contract in load_contracts("feeds", ws).values() if contract.person_role != "none"]


def create_touched_records(
    con: DuckDBPyConnection, ws: Workspace, new_files: set[tuple[str, str, int]], *, as_of: datetime, salt: str
) -> None:
    """Create `touched_records` (record_id): those whose rows, tombstone or birth date read differently than in the
    state.

    A new row touches the record it belongs to and those that earlier versions of the row belonged to. Reads
    `published_erasure_tombstones`, `state.tombstones` and `state.resolution`.
    """
    con.execute("create or replace temp table touched_records (record_id VARCHAR)")
    for contract in person_contracts(ws):
        files = sorted(path for name, path, _ in new_files if name == contract.name)
        if not files:
            continue
        listed = ", ".join(quote_literal(ws.lake / contract.name / path) for path in files)
        con.execute(
            f"create or replace temp table touched_keys as select distinct _row_key "
            f"from read_parquet([{listed}], hive_partitioning = false, union_by_name = true)"
        )
        if con.execute("select count(*) from touched_keys").fetchall()[0][0]:
            con.execute(
                f"insert into touched_records select distinct _record_id from {lake_rows(ws, contract)} "
                "where _row_key in (select _row_key from touched_keys) and _record_id is not null"
            )
    _touch_erased(con, salt)
    con.execute(
        # a birth date after the instant of a run is no birth date
        f"""
        insert into touched_records
        select r.record_id from state.records r, state.resolution s
        where r.given_birth_date > least(s.as_of, timestamp '{as_of:%Y-%m-%d}')::DATE
            and r.given_birth_date <= greatest(s.as_of, timestamp '{as_of:%Y-%m-%d}')::DATE
        """
    )
    con.execute("create or replace temp table touched_records as select distinct record_id from touched_records")


def create_tombstones_in_force(con: DuckDBPyConnection) -> None:
    """Create `tombstones` (record_hash, erased_at): what the last publication says was erased."""
    con.execute(
        """
        create or replace temp table tombstones as
        select record_hash, max(erased_at) as erased_at from published_erasure_tombstones group by record_hash
        """
    )


def _touch_erased(con: DuckDBPyConnection, salt: str) -> None:
    create_tombstones_in_force(con)
    con.execute(
        """
        create or replace temp table retold as
        (select * from tombstones except select * from state.tombstones)
        union all
        (select * from state.tombstones except select * from temp.tombstones)
        """
    )
    if con.execute("select count(*) from retold").fetchall()[0][0]:
        con.execute(
            f"insert into touched_records select record_id from state.records "
            f"where {hash_sql('record_id', salt)} in (select record_hash from retold)"
        )


def create_redecided(con: DuckDBPyConnection) -> None:
    """Create `redecided` (rid): records about which people decided otherwise than when the state was made."""
    con.execute(
        f"""
        create or replace temp table redecided as
        with changed as (
            (select * from temp.decided_pairs except select * from state.decided_pairs)
            union all
            (select * from state.decided_pairs except select * from temp.decided_pairs)
        ),
        named as (
            select record_id_left as record_id from changed union select record_id_right from changed
        )
        select {RID} as rid from named
        """
    )
