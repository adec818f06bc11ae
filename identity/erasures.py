"""Erasure: what a source has deleted stays deleted, and the customers it touches are known without keeping who they
were."""

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
        "update raw_records set is_deleted = true, deleted_at = t.erased_at from (select record_hash, max(erased_at) as erased_at "
        "from published_erasure_tombstones group by record_hash) t "
        f"where not raw_records.is_deleted and t.record_hash = {hash_sql('raw_records.record_id', salt)} "
        "and (not raw_records.is_master or raw_records.updated_at is null or raw_records.updated_at <= t.erased_at)"
        if con.execute("select count(*) from published_erasure_tombstones").fetchall()[0][0]
        else "select 1"
    )


def create_tombstones(con: DuckDBPyConnection, salt: str) -> None:
    """Create `erasure_tombstones`: salted hashes of the deleted records and of the identifiers they had.

    The hashes of its identifiers are those that the last publication had of the record. Earlier tombstones are
    carried on for ever.
    """
    con.execute(
        "create or replace temp table erasure_tombstones as select record_hash, identifier_kind, identifier_hash, "
        "max(erased_at) as erased_at from (select * from published_erasure_tombstones union all "
        f"select {hash_sql('r.record_id', salt)}, 'record', {hash_sql('r.record_id', salt)}, r.deleted_at from records r "
        "where r.is_deleted union all "
        f"select {hash_sql('r.record_id', salt)}, i.identifier_kind, i.identifier_hash, r.deleted_at "
        "from published_customer_identifiers i join records r on r.record_id = i.record_id "
        "where r.is_deleted and not i.is_blocked and i.is_valid) group by record_hash, identifier_kind, identifier_hash"
    )


def create_erased_customers(con: DuckDBPyConnection) -> None:
    """Create `erased_customers` (customer_id, erased_at, identifier_kind): customers of today who are somebody erased.

    Other feeds may still carry the e-mail or document of a person whose registration was erased. Such a customer is
    kept out of every contact, unless a registration of theirs is alive that is newer than the erasure or never was
    erased.
    """
    con.execute(
        "create or replace temp table erased_customers as select c.customer_id, max(t.erased_at) as erased_at, "
        "min(t.identifier_kind) as identifier_kind from erasure_tombstones t "
        "join customer_identifiers i on i.identifier_kind = t.identifier_kind and i.identifier_hash = t.identifier_hash "
        "join customer_crosswalk c on c.record_id = i.record_id where not i.is_blocked and c.customer_id is not null "
        "and c.customer_id not in (select x.customer_id from records r join customer_crosswalk x on x.record_id = r.record_id "
        "where r.is_master and not r.is_deleted and x.customer_id is not null) group by c.customer_id"
    )
