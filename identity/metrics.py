"""Figures that describe a resolution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from identity.clustering import CUTS
from identity.epochs import epoch_metrics, read_epoch
from identity.hashing import value_number
from identity.rules import DECIDED, DECIDED_NAME
from identity.tables import SCORED
from workspace.sql import quote_literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from identity.configuration import IdentityConfig

_NUMBER = value_number("c.document_kind", "c.document")
TWO_DOCUMENTS = f"""
    select p.cluster from comparable c join profile_clusters p on p.profile = c.profile
    where c.document is not null group by p.cluster, c.document_kind having min({_NUMBER}) <> max({_NUMBER})
    """
"""SQL for the clusters that hold two valid documents of one kind. They are told apart by number: groups of texts cannot
leave the memory, and of ten million people they do not fit."""
_CUSTOMER_SIZES = "(select f.* from cluster_facts f join cluster_ids i on i.cluster = f.cluster)"
_FIGURES = {
    "records": "select count(*) from records",
    "records_deleted": "select count(*) from records where is_deleted",
    "records_identified": "select count(*) from customer_crosswalk where is_identified",
    "records_unidentified": "select count(*) from customer_crosswalk where not is_identified",
    "records_unidentified_share": """
        select coalesce(round(avg(case when is_identified then 0 else 1 end), 6), 0) from customer_crosswalk
        """,
    "profiles": "select count(*) from profiles",
    "customers": "select count(*) from cluster_ids",
    "customers_erased": "select count(*) from erased_customers",
    "households": "select count(distinct household_id) from household_members",
    "companies": "select count(distinct company_id) from company_crosswalk",
    "largest_customer_records": f"select coalesce(max(record_count), 0) from {_CUSTOMER_SIZES}",
    "largest_customer_profiles": f"select coalesce(max(profile_count), 0) from {_CUSTOMER_SIZES}",
    "largest_component_profiles": """
        select coalesce(max(n), 0) from (select count(*) as n from profile_clusters group by component)
        """,
    "customers_with_two_documents": f"select count(*) from ({TWO_DOCUMENTS})",
    "edges": "select (select count(*) from edges) + (select count(*) from device_followers)",
    "edges_refused": f"select count(*) from refused_edges where rule <> {SCORED}",
    "guards_blocked": "select count(*) from guard_decisions where decision = 'blocked'",
    "guards_ambiguous": "select count(*) from guard_decisions where decision = 'ambiguous'",
}
_GROUPED = (
    """
    select 'guards_blocked_' || identifier_kind, count(*)::DOUBLE from guard_decisions
    where decision = 'blocked' group by identifier_kind
    """,
    "select 'changes_' || reason, count(*)::DOUBLE from id_changes group by reason",
    """
    select 'customers_by_' || customer_id_source, count(*)::DOUBLE from (
        select distinct customer_id, customer_id_source from customer_crosswalk where customer_id is not null
    ) group by customer_id_source
    """,
    f"""
    select
        'customers_of_' || case when record_count = 1 then '1' when record_count <= 3 then '2_to_3'
            when record_count <= 10 then '4_to_10' when record_count <= 25 then '11_to_25' else 'over_25'
            end || '_records',
        count(*)::DOUBLE
    from {_CUSTOMER_SIZES} group by 1
    """,
)


def create_metrics(con: DuckDBPyConnection, config: IdentityConfig) -> None:
    """Create `identity_metrics` (metric, value): counts overall, by rule, guard, cluster size and kind of change."""
    counts = [f"select {quote_literal(name)} as metric, ({sql})::DOUBLE as value" for name, sql in _FIGURES.items()]
    cuts = dict(con.execute("select reason, count(*) from component_cuts group by reason").fetchall())
    counts += [
        f"select {quote_literal('components_cut_by_' + name)}, {cuts.get(reason, 0)}::DOUBLE"
        for reason, name in enumerate(CUTS)
    ]
    by_rule = dict(con.execute("select rule, count(*) from edges group by rule").fetchall())
    device = next((position for position, rule in enumerate(config.active_rules) if "device" in rule.on), None)
    followers = con.execute("select count(*) from device_followers").fetchall()[0][0]
    named = [*((position, rule.name) for position, rule in enumerate(config.active_rules)), (DECIDED, DECIDED_NAME)]
    counts += [
        f"select {quote_literal('edges_' + name)}, "
        f"{by_rule.get(position, 0) + (followers if position == device else 0)}::DOUBLE"
        for position, name in named
    ]
    records = con.execute("select count(*) from records where not is_deleted").fetchall()[0][0]
    counts += [
        f"select {quote_literal(name)}, {value!r}::DOUBLE"
        for name, value in epoch_metrics(read_epoch(con), config, records).items()
    ]
    con.execute(f"create or replace temp table identity_metrics as {' union all '.join([*counts, *_GROUPED])}")
