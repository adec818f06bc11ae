"""Erasure: what a source has deleted stays deleted, and whom it touches is known without keeping who they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

from identity.hashing import hash_sql

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def apply_tombstones(con: DuckDBPyConnection, salt: str) -> None:
    """Mark records of `raw_records` as deleted when a tombstone names them, so that a replayed file brings nobody back.

    A version of the registration that is newer than the erasure is a new registration and counts.
    """
    con.execute(
        """
        create or replace temp table erased_records as
        select record_hash, max(erased_at) as erased_at from published_erasure_tombstones group by record_hash
        """
    )
    if con.execute("select count(*) from erased_records").fetchall()[0][0] == 0:
        return
    con.execute(
        f"""
        update raw_records set is_deleted = true, deleted_at = e.erased_at
        from erased_records e
        where not raw_records.is_deleted and e.record_hash = {hash_sql("raw_records.record_id", salt)}
            and (not raw_records.is_master or raw_records.updated_at is null or raw_records.updated_at <= e.erased_at)
        """
    )


def create_tombstones(con: DuckDBPyConnection, salt: str) -> None:
    """Create `erasure_tombstones`: salted hashes of the deleted records and of the identifiers they had.

    The hashes of its identifiers are those that the last publication had of the record. Earlier tombstones are carried
    on for ever.
    """
    record_hash = hash_sql("r.record_id", salt)
    con.execute(
        f"""
        create or replace temp table erasure_tombstones as
        with deleted as (
            select r.record_id, {record_hash} as record_hash, r.deleted_at from records r where r.is_deleted
        ),
        known as (
            select record_hash, identifier_kind, identifier_hash, erased_at from published_erasure_tombstones
            union all
            select record_hash, 'record', record_hash, deleted_at from deleted
            union all
            select d.record_hash, i.identifier_kind, i.identifier_hash, d.deleted_at
            from deleted d
            join published_customer_identifiers i on i.record_id = d.record_id
            where i.is_valid and not i.is_blocked
        )
        select record_hash, identifier_kind, identifier_hash, max(erased_at) as erased_at
        from known
        group by record_hash, identifier_kind, identifier_hash
        """
    )


def create_erased_customers(con: DuckDBPyConnection) -> None:
    """Create `erased_customers` (customer_id, erased_at, identifier_kind): customers of today who are somebody erased.

    Other feeds may still carry the e-mail or document of a person whose registration was erased. Such a customer is
    kept out of every contact, unless one of their registrations is alive.
    """
    columns = "customer_id, erased_at, identifier_kind"
    if con.execute("select count(*) from erasure_tombstones").fetchall()[0][0] == 0:
        con.execute(
            "create or replace temp table erased_customers as select cast(null as VARCHAR) as customer_id, "
            "cast(null as TIMESTAMP) as erased_at, cast(null as VARCHAR) as identifier_kind where false"
        )
        return
    con.execute(
        f"""
        create or replace temp table erased_customers as
        with registered as (
            select distinct x.customer_id from records r
            join customer_crosswalk x on x.rid = r.rid
            where r.is_master and not r.is_deleted and x.customer_id is not null
        ),
        touched as (
            select c.customer_id, max(t.erased_at) as erased_at, min(t.identifier_kind) as identifier_kind
            from customer_identifiers i
            join erasure_tombstones t
                on t.identifier_kind = i.identifier_kind and t.identifier_hash = i.identifier_hash
            join customer_crosswalk c on c.record_id = i.record_id
            where not i.is_blocked and c.customer_id is not null
            group by c.customer_id
        )
        select {columns} from touched
        anti join registered using (customer_id)
        """
    )
