"""Write down every change of a record's customer, and where retired ids went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workspace.sql import quote_literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from workspace.runs import Run


def create_history(con: DuckDBPyConnection, run: Run) -> None:
    """Create `customer_id_history`: the published history and the changes of this run.

    Reasons: `new` (the record, or its customer, was not known), `merge` (its old customer is gone and its records
    follow another), `split` (its old customer lives on without it, or nothing identifies it any more), `erasure` (the
    source deleted it), `removed` (no current row of the lake carries the record any more). `change_number` counts the
    changes of a record from 1.
    """
    _create_changes(con)
    _create_causes(con)
    con.execute(
        f"""
        create or replace temp table customer_id_history as
        with earlier as (
            select record_id, max(change_number) as change_number from published_customer_id_history
            where record_id in (select record_id from id_changes) group by record_id
        )
        select * from published_customer_id_history
        union all
        select
            c.record_id,
            coalesce(n.change_number, 0) + 1,
            c.old_customer_id,
            c.new_customer_id,
            {quote_literal(run.run_id)},
            timestamp '{run.as_of_naive:%Y-%m-%d %H:%M:%S}',
            c.reason,
            case c.reason
                when 'merge' then m.evidence
                when 'split' then coalesce(s.evidence, 'evidence changed')
                when 'erasure' then 'deleted in the source'
                when 'removed' then 'no current row carries the record'
                else x.customer_id_source
            end
        from id_changes c
        left join earlier n on n.record_id = c.record_id
        left join merge_causes m on m.old_customer_id = c.old_customer_id and m.new_customer_id = c.new_customer_id
        left join split_causes s on s.record_id = c.record_id
        left join customer_crosswalk x on x.record_id = c.record_id
        """
    )


def _create_changes(con: DuckDBPyConnection) -> None:
    con.execute(
        """
        create or replace temp table id_changes as
        with alive as (
            select distinct customer_id from customer_crosswalk where customer_id is not null
        )
        select
            coalesce(p.record_id, c.record_id) as record_id,
            p.customer_id as old_customer_id,
            c.customer_id as new_customer_id,
            case
                when c.record_id is null then 'removed'
                when r.record_id is not null then 'erasure'
                when p.customer_id is null then 'new'
                when c.customer_id is null or a.customer_id is not null then 'split'
                else 'merge'
            end as reason
        from published_customer_crosswalk p
        full join customer_crosswalk c on c.record_id = p.record_id
        left join (select record_id from records where is_deleted) r on r.record_id = c.record_id
        left join alive a on a.customer_id = p.customer_id
        where p.customer_id is distinct from c.customer_id
        """
    )


def _create_causes(con: DuckDBPyConnection) -> None:
    """Create `merge_causes` and `split_causes`: the strongest edge between old customers, and the guard that parted
    them."""
    if con.execute("select count(*) from id_changes where reason in ('merge', 'split')").fetchall()[0][0] == 0:
        con.execute(
            "create or replace temp table merge_causes as select cast(null as VARCHAR) as old_customer_id, "
            "cast(null as VARCHAR) as new_customer_id, cast(null as VARCHAR) as evidence where false"
        )
        con.execute(
            "create or replace temp table split_causes as "
            "select cast(null as VARCHAR) as record_id, cast(null as VARCHAR) as evidence where false"
        )
        return
    con.execute(
        """
        create or replace temp table merge_causes as
        with merged as (
            select distinct old_customer_id, new_customer_id from id_changes where reason = 'merge'
        ),
        before as (
            select record_id, customer_id from published_customer_crosswalk
            where customer_id in (select old_customer_id from merged union select new_customer_id from merged)
        ),
        bridges as (
            select l.customer_id as left_id, r.customer_id as right_id, e.rule_name, e.weight, e.identifier_hash
            from match_edges e
            join before l on l.record_id = e.record_id_left
            join before r on r.record_id = e.record_id_right
            where l.customer_id <> r.customer_id
        ),
        both_ways as (
            select left_id as old_id, rule_name, weight, identifier_hash from bridges
            union all
            select right_id, rule_name, weight, identifier_hash from bridges
        )
        select
            m.old_customer_id,
            m.new_customer_id,
            coalesce(
                arg_max(b.rule_name || coalesce(' ' || left(b.identifier_hash, 12), ''),
                    (b.weight, b.rule_name, coalesce(b.identifier_hash, ''))),
                'through new records'
            ) as evidence
        from merged m
        left join both_ways b on b.old_id = m.old_customer_id
        group by m.old_customer_id, m.new_customer_id
        """
    )
    con.execute(
        """
        create or replace temp table split_causes as
        select i.record_id, min('guard on ' || i.identifier_kind) as evidence
        from customer_identifiers i
        where i.is_blocked and i.record_id in (select record_id from id_changes where reason = 'split')
        group by i.record_id
        """
    )


def create_aliases(con: DuckDBPyConnection) -> None:
    """Create `customer_id_aliases`: each id that no record has today, and the customer who holds most of its records.

    The customer is null when nobody does: all its records were erased or are gone.
    """
    con.execute(
        """
        create or replace temp table customer_id_aliases as
        with retired as (
            select distinct h.new_customer_id as customer_id from customer_id_history h
            anti join customer_crosswalk c on c.customer_id = h.new_customer_id
            where h.new_customer_id is not null
        ),
        holders as (
            select h.new_customer_id as retired_customer_id, c.customer_id, count(distinct h.record_id) as record_count
            from customer_id_history h
            join customer_crosswalk c on c.record_id = h.record_id
            where c.customer_id is not null and h.new_customer_id in (select customer_id from retired)
            group by h.new_customer_id, c.customer_id
        )
        select
            r.customer_id as retired_customer_id,
            arg_min(h.customer_id, (-h.record_count, h.customer_id)) as customer_id
        from retired r
        left join holders h on h.retired_customer_id = r.customer_id
        group by r.customer_id
        """
    )
