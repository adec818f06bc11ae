"""Give clusters the ids their records had, and mint ids that were never used."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def assign_customer_ids(con: DuckDBPyConnection) -> None:
    """Create `cluster_ids` (cluster, customer_id) for the identified clusters of `clustered`.

    `clustered` is (rid, record_id, cluster, is_identified), a cluster being named by its smallest rid. A cluster
    keeps the published id with which it shares most records; ties go to the id that was minted first, then to the
    smaller id and the smaller cluster. Each id goes to one cluster and each cluster gets one id. A cluster without an
    old id gets a hash of its smallest record id; should history know that id already, a counter is added, so that no
    id ever means two people.
    """
    con.execute(
        """
        create or replace temp table id_overlaps as
        select p.customer_id, c.cluster, count(*) as record_count
        from published_customer_crosswalk p
        join clustered c on c.record_id = p.record_id
        where p.customer_id is not null and c.is_identified
        group by p.customer_id, c.cluster
        """
    )
    con.execute(
        # an id and a cluster that share records with nobody else need no contest, and that is nearly all of them
        """
        create or replace temp table cluster_ids as
        select cluster, customer_id from id_overlaps
        anti join (select customer_id from id_overlaps group by customer_id having count(*) > 1) using (customer_id)
        anti join (select cluster from id_overlaps group by cluster having count(*) > 1) using (cluster)
        """
    )
    _insert(con, _settle_contested(con))
    _mint(con)


def _settle_contested(con: DuckDBPyConnection) -> list[tuple[int, str]]:
    contested = con.execute(
        """
        with minted as (
            select new_customer_id as customer_id, min(changed_at) as minted_at from published_customer_id_history
            where new_customer_id in (select customer_id from id_overlaps) group by new_customer_id
        )
        select o.customer_id, o.cluster from id_overlaps o
        anti join cluster_ids using (cluster)
        left join minted m on m.customer_id = o.customer_id
        order by o.record_count desc, m.minted_at nulls last, o.customer_id, o.cluster
        """
    ).fetchall()
    taken: set[str] = set()
    kept: dict[int, str] = {}
    for customer_id, cluster in contested:
        if customer_id not in taken and cluster not in kept:
            taken.add(customer_id)
            kept[cluster] = customer_id
    return list(kept.items())


def _mint(con: DuckDBPyConnection) -> None:
    con.execute(
        """
        create or replace temp table minted as
        select cluster, record_id, 'c' || left(md5('customer' || chr(31) || record_id), 23) as customer_id
        from clustered
        anti join cluster_ids using (cluster)
        where rid = cluster and is_identified
        """
    )
    con.execute(
        """
        create or replace temp table known_ids as
        select new_customer_id as customer_id from published_customer_id_history where new_customer_id is not null
        union
        select customer_id from published_customer_crosswalk where customer_id is not null
        """
    )
    clashes = con.execute(
        "select cluster, record_id from minted semi join known_ids using (customer_id) order by record_id"
    ).fetchall()
    con.execute(
        "insert into cluster_ids select cluster, customer_id from minted anti join known_ids using (customer_id)"
    )
    if clashes:
        known = {row[0] for row in con.execute("select customer_id from known_ids").fetchall()}
        _insert(con, [(cluster, _next_free(record_id, known)) for cluster, record_id in clashes])


def _next_free(record_id: str, known: set[str]) -> str:
    counter = 1
    while True:
        text = f"customer\x1f{record_id}:{counter}"
        candidate = "c" + hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:23]
        if candidate not in known:
            known.add(candidate)
            return candidate
        counter += 1


def _insert(con: DuckDBPyConnection, rows: list[tuple[int, str]]) -> None:
    import polars as pl

    if not rows:
        return
    con.register(
        "assigned_ids", pl.DataFrame(rows, schema={"cluster": pl.Int64, "customer_id": pl.String}, orient="row")
    )
    con.execute("insert into cluster_ids select cluster, customer_id from assigned_ids")
    con.unregister("assigned_ids")
