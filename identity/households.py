"""Group customers into households by address and landline: a relation, never a merge."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from identity.configuration import IdentityConfig


def create_households(con: DuckDBPyConnection, config: IdentityConfig) -> None:
    """Create `household_members` (customer_id, household_id, household_source) for people with an address or a
    landline.

    A customer lives at the newest address that one of their records shows; an older one would chain the people who
    moved into the same house one after the other. An address or landline of more than `household_max_customers`
    customers is a building or an office and makes no household. The household's id is a hash of its smallest customer
    id.
    """
    import numpy as np
    import polars as pl

    from identity.clustering import connected_components

    _create_home_keys(con, config.household_max_customers)
    pairs = con.execute(
        """
        select p.number as left_number, min(p.number) over (partition by k.household_key) as right_number
        from home_keys k
        join home_people p on p.customer_id = k.customer_id
        """
    ).fetchnumpy()
    count = con.execute("select count(*) from home_people").fetchall()[0][0]
    heads = connected_components(count, np.asarray(pairs["left_number"]), np.asarray(pairs["right_number"]))
    con.register("home_heads", pl.DataFrame({"number": np.arange(count), "head": heads}))
    con.execute(
        """
        create or replace temp table household_members as
        with sources as (
            select customer_id, min(source) as source from home_keys group by customer_id
        )
        select
            p.customer_id,
            'h' || left(md5('household' || chr(31) || h.customer_id), 23) as household_id,
            s.source as household_source
        from home_heads l
        join home_people p on p.number = l.number
        join home_people h on h.number = l.head
        join sources s on s.customer_id = p.customer_id
        """
    )
    con.unregister("home_heads")


def _create_home_keys(con: DuckDBPyConnection, most: int) -> None:
    """Create `home_keys` (customer_id, household_key, source) and `home_people` (customer_id, number by
    customer_id)."""
    con.execute(
        f"""
        create or replace temp table home_keys as
        with dwellers as (
            select
                c.customer_id,
                r.rid,
                coalesce(r.updated_at, r.last_seen_at, timestamp '1900-01-01') as seen_at,
                r.postal_code || '|' || r.street_number || '|' || coalesce(r.door_key, '') as home,
                case when r.phone_is_landline then r.phone_key
                    when r.phone_secondary_is_landline then r.phone_secondary_key end as landline
            from records r
            join customer_crosswalk c on c.rid = r.rid
            where c.customer_id is not null and r.customer_kind = 'person' and not r.document_is_company
        ),
        places as (
            select customer_id, 'A' || arg_max(home, (seen_at, rid)) as household_key, 'address' as source
            from dwellers where home is not null group by customer_id
            union all
            select distinct d.customer_id, 'T' || d.landline, 'landline' from dwellers d
            anti join (select value from guards where kind = 'phone' and decision = 'blocked') g on g.value = d.landline
            where d.landline is not null
        )
        select * from places
        semi join (
            select household_key from places group by household_key having count(*) <= {most}
        ) using (household_key)
        """
    )
    con.execute(
        """
        create or replace temp table home_people as
        select customer_id, row_number() over (order by customer_id) - 1 as number
        from (select distinct customer_id from home_keys)
        """
    )
