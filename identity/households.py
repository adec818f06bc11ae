"""Group customers into households by address and landline: a relation, never a merge."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from identity.configuration import IdentityConfig


def create_households(con: DuckDBPyConnection, config: IdentityConfig) -> None:
    """Create `household_members` (customer_id, household_id, household_source) for people with an address or a landline.

    A customer lives at the newest address that one of their records shows; an older one would chain the people who moved
    into the same house one after the other. An address or landline of more than `household_max_customers` customers is a
    building or an office and makes no household. The household's id is a hash of its smallest customer id.
    """
    import numpy as np
    import polars as pl

    from identity.clustering import connected_components

    con.execute(_places())
    most = config.household_max_customers
    con.execute(
        "create or replace temp table home_keys as select customer_id, household_key, source from places where household_key in "
        f"(select household_key from places group by household_key having count(distinct customer_id) <= {most})"
    )
    people = con.execute("select distinct customer_id from home_keys order by customer_id").fetchnumpy()["customer_id"]
    con.execute(
        "create or replace temp table home_people as select customer_id, row_number() over (order by customer_id) - 1 as number "
        "from (select distinct customer_id from home_keys)"
    )
    pairs = con.execute(
        "select p.number as left_number, min(p.number) over (partition by k.household_key) as right_number from home_keys k "
        "join home_people p on p.customer_id = k.customer_id"
    ).fetchnumpy()
    labels = connected_components(len(people), np.asarray(pairs["left_number"]), np.asarray(pairs["right_number"]))
    con.register("home_labels", pl.DataFrame({"number": np.arange(len(people)), "head": labels.astype(np.int64)}))
    con.execute(
        "create or replace temp table household_members as with labelled as (select p.customer_id, h.customer_id as head "
        "from home_labels l join home_people p on p.number = l.number join home_people h on h.number = l.head), "
        "sources as (select customer_id, min(source) as source from home_keys group by customer_id) "
        "select l.customer_id, 'h' || left(md5('household' || chr(31) || l.head), 23) as household_id, s.source as household_source "
        "from labelled l join sources s on s.customer_id = l.customer_id"
    )
    con.unregister("home_labels")


def _places() -> str:
    return (
        "create or replace temp table places as with dwellers as (select c.customer_id, r.postal_code, r.street_number, r.door_key, "
        "coalesce(r.updated_at, r.last_seen_at) as seen_at, r.record_id, "
        "case when r.phone_is_landline then r.phone_key when r.phone_secondary_is_landline then r.phone_secondary_key end as landline "
        "from records r join customer_crosswalk c on c.record_id = r.record_id "
        "where c.customer_id is not null and r.customer_kind = 'person' and not r.document_is_company), "
        "homes as (select customer_id, arg_max(postal_code || '|' || street_number || '|' || coalesce(door_key, ''), "
        "(coalesce(seen_at, timestamp '1900-01-01'), record_id)) as home from dwellers "
        "where postal_code is not null and street_number is not null group by customer_id) "
        "select customer_id, 'A' || home as household_key, 'address' as source from homes union "
        "select customer_id, 'T' || landline, 'landline' from dwellers where landline is not null "
        "and landline not in (select value from guards where kind = 'phone' and decision = 'blocked')"
    )
