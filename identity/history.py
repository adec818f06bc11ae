"""Write down every change of a record's customer, and where retired ids went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workspace.sql import quote_literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from workspace.runs import Run


def create_history(con: DuckDBPyConnection, run: Run) -> None:
    """Create `customer_id_history`: the published history and the changes of this run.

    Reasons: `new` (the record, or its customer, was not known), `merge` (its old customer is gone and its records follow
    another), `split` (its old customer lives on without it, or nothing identifies it any more), `erasure` (the source
    deleted it), `removed` (no current row of the lake carries the record any more).
    """
    instant = f"timestamp '{run.as_of_naive:%Y-%m-%d %H:%M:%S}'"
    con.execute(
        "create or replace temp table id_changes as with alive as (select distinct customer_id from customer_crosswalk "
        "where customer_id is not null) "
        "select coalesce(p.record_id, c.record_id) as record_id, p.customer_id as old_customer_id, c.customer_id as new_customer_id, "
        "case when c.record_id is null then 'removed' when r.is_deleted then 'erasure' when p.customer_id is null then 'new' "
        "when c.customer_id is null then 'split' when p.customer_id in (select customer_id from alive) then 'split' "
        "else 'merge' end as reason "
        "from published_customer_crosswalk p full join customer_crosswalk c on c.record_id = p.record_id "
        "left join (select record_id, is_deleted from records where is_deleted) r on r.record_id = c.record_id "
        "where p.customer_id is distinct from c.customer_id"
    )
    _create_causes(con)
    con.execute(
        "create or replace temp table customer_id_history as with earlier as (select record_id, max(change_number) as change_number "
        "from published_customer_id_history where record_id in (select record_id from id_changes) group by record_id) "
        "select * from published_customer_id_history union all "
        "select c.record_id, coalesce(n.change_number, 0) + 1, c.old_customer_id, c.new_customer_id, "
        f"{quote_literal(run.run_id)}, {instant}, c.reason, "
        "case c.reason when 'merge' then m.evidence when 'split' then coalesce(s.evidence, 'evidence changed') "
        "when 'erasure' then 'deleted in the source' when 'removed' then 'no current row carries the record' "
        "else x.customer_id_source end "
        "from id_changes c left join earlier n on n.record_id = c.record_id left join merge_causes m on m.old_customer_id = c.old_customer_id and m.new_customer_id = c.new_customer_id "
        "left join split_causes s on s.record_id = c.record_id left join customer_crosswalk x on x.record_id = c.record_id"
    )


def _create_causes(con: DuckDBPyConnection) -> None:
    """Create `merge_causes` and `split_causes`: the strongest edge between old customers, and the guard that parted them."""
    con.execute(
        "create or replace temp table merge_causes as with before as (select p.record_id, p.customer_id from "
        "published_customer_crosswalk p where p.customer_id in "
        "(select old_customer_id from id_changes where reason = 'merge' union select new_customer_id from id_changes where reason = 'merge')), "
        "bridges as (select l.customer_id as left_id, r.customer_id as right_id, e.rule_name, e.weight, e.identifier_hash "
        "from match_edges e join before l on l.record_id = e.record_id_left join before r on r.record_id = e.record_id_right "
        "where l.customer_id <> r.customer_id), "
        "both_ways as (select left_id as old_id, rule_name, weight, identifier_hash from bridges "
        "union all select right_id, rule_name, weight, identifier_hash from bridges) "
        "select c.old_customer_id, c.new_customer_id, coalesce(arg_max(b.rule_name || coalesce(' ' || left(b.identifier_hash, 12), ''), "
        "(b.weight, b.rule_name, b.identifier_hash)), 'through new records') as evidence "
        "from (select distinct old_customer_id, new_customer_id from id_changes where reason = 'merge') c "
        "left join both_ways b on b.old_id = c.old_customer_id group by c.old_customer_id, c.new_customer_id"
    )
    con.execute(
        "create or replace temp table split_causes as select i.record_id, min('guard on ' || i.identifier_kind) as evidence "
        "from id_changes c join customer_identifiers i on i.record_id = c.record_id where c.reason = 'split' and i.is_blocked "
        "group by i.record_id"
    )


def create_aliases(con: DuckDBPyConnection) -> None:
    """Create `customer_id_aliases`: each id that no record has today, and the customer who holds most of its records.

    The customer is null when nobody does: all its records were erased or are gone.
    """
    con.execute(
        "create or replace temp table customer_id_aliases as with retired as (select distinct new_customer_id as customer_id "
        "from customer_id_history where new_customer_id is not null and new_customer_id not in "
        "(select customer_id from customer_crosswalk where customer_id is not null)), "
        "holders as (select r.customer_id as retired_customer_id, c.customer_id, count(*) as record_count from retired r "
        "join (select distinct new_customer_id, record_id from customer_id_history) h on h.new_customer_id = r.customer_id "
        "join customer_crosswalk c on c.record_id = h.record_id where c.customer_id is not null group by r.customer_id, c.customer_id) "
        "select r.customer_id as retired_customer_id, arg_min(h.customer_id, (-h.record_count, h.customer_id)) as customer_id "
        "from retired r left join holders h on h.retired_customer_id = r.customer_id group by r.customer_id"
    )
