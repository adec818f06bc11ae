"""Components and clusters on Spark: components by stars, then the same clustering as on one machine, in buckets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from identity.clusters import create_base_clusters
from identity.normalised_records import RID

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

    from identity.configuration import IdentityConfig
    from identity.spark.tables import SparkTables

BUCKET_PROFILES = 50_000
"""Profiles that one task clusters: small beside an executor's memory, and many beside the cost of a task."""
_NODE_COLUMNS = ("profile", "document", "document_kind", "document_is_company", "given_key")
_CLUSTERED = "profile bigint, component bigint, base_cluster bigint, reason smallint"


def create_stars(tables: SparkTables) -> None:
    """Create `stars` (child, parent): each profile of a component but its smallest, and that smallest one.

    Large-star and small-star in turn (Kiveris and others 2014, "Connected Components in MapReduce and Beyond"): every
    round keeps what is connected connected, and the number of rounds grows with the logarithm of the size. Reads
    `edges`, and pairs of `scored_edges` that speak for a join.
    """
    tables.execute(
        """
        create or replace temp table stars as
        select greatest(left_profile, right_profile) as child, least(left_profile, right_profile) as parent
        from edges where left_profile <> right_profile
        union
        select right_profile, left_profile from scored_edges where match_weight > 0
        """
    )
    while _is_tangled(tables):
        tables.execute(
            """
            create or replace temp table hung as
            with both_ways as (
                select child as profile, parent as other from stars
                union all
                select parent, child from stars
            ),
            leads as (
                select profile, least(profile, min(other)) as lead from both_ways group by profile
            )
            select distinct b.other as child, l.lead as parent
            from both_ways b
            join leads l on l.profile = b.profile
            where b.other > b.profile
            """
        )
        tables.execute(
            """
            create or replace temp table stars as
            with leads as (
                select child, min(parent) as lead from hung group by child
            )
            select child, lead as parent from leads
            union
            select h.parent, l.lead from hung h join leads l on l.child = h.child where h.parent <> l.lead
            """
        )


def _is_tangled(tables: SparkTables) -> bool:
    """Tell whether a profile has two parents, or one that has a parent itself."""
    row = tables.execute(
        """
        select count(*) - count(distinct s.child) + count(p.child)
        from stars s
        left join (select distinct child from stars) p on p.child = s.parent
        """
    ).fetchall()[0]
    return bool(row[0])


def create_base_clusters_by_bucket(tables: SparkTables, config: IdentityConfig) -> None:
    """Create `base_clusters` and `component_cuts` as `identity.clusters.create_base_clusters` does.

    A cluster is a function of its component alone. So components are dealt into buckets by the hash of their name, and
    that function runs on each bucket; profiles without an edge are their own cluster.
    """
    create_stars(tables)
    tables.execute(
        """
        create or replace temp table grouped as
        select child as profile, parent as component from stars
        union
        select parent, parent from stars
        """
    )
    count = tables.execute("select count(*) from grouped").fetchall()[0][0]
    found = _clustered(tables, config, buckets=-(-count // BUCKET_PROFILES) or 1)
    tables.put("clustered_rows", found)
    tables.execute(
        """
        create or replace temp table base_clusters as
        select profile, component, base_cluster from clustered_rows where profile is not null
        union all
        select c.profile, c.profile, c.profile
        from comparable c
        anti join grouped g on g.profile = c.profile
        """
    )
    tables.execute(
        """
        create or replace temp table component_cuts as
        select component, reason from clustered_rows where profile is null
        """
    )


def _clustered(tables: SparkTables, config: IdentityConfig, *, buckets: int) -> DataFrame:
    nodes = tables.spark.sql(
        f"""
        select pmod(xxhash64(g.component), {buckets}) as bucket, {", ".join(f"c.{name}" for name in _NODE_COLUMNS)}
        from comparable c join grouped g on g.profile = c.profile
        """
    )
    # a pair that speaks against a join and leaves its component decides nothing
    edges = tables.spark.sql(
        f"""
        select pmod(xxhash64(l.component), {buckets}) as bucket, e.*
        from (
            select left_profile, right_profile, rule, cast(null as double) as match_weight from edges
            union all
            select left_profile, right_profile, null, match_weight from scored_edges
        ) e
        join grouped l on l.profile = e.left_profile
        join grouped r on r.profile = e.right_profile and r.component = l.component
        """
    )
    told_apart = _told_apart(tables)

    def cluster(given: pa.Table, linked: pa.Table) -> pa.Table:
        return cluster_bucket(given, linked, told_apart=told_apart, config=config)

    return nodes.groupBy("bucket").cogroup(edges.groupBy("bucket")).applyInArrow(cluster, _CLUSTERED)


def _told_apart(tables: SparkTables) -> dict[str, pa.Table]:
    """Return the pairs that people told apart and the profiles of their records, by table; they are few."""
    numbers = " union ".join(
        f"select {RID.replace('record_id', side)} from decided_pairs where decision = 'different'"
        for side in ("record_id_left", "record_id_right")
    )
    tables.execute(
        f"create or replace temp table decided_profiles as "
        f"select rid, profile from record_profiles where rid in ({numbers})"
    )
    return {
        "decided_pairs": tables.frame("decided_pairs").where("decision = 'different'").toArrow(),
        "record_profiles": tables.frame("decided_profiles").toArrow(),
    }


def cluster_bucket(
    nodes: pa.Table, edges: pa.Table, *, told_apart: dict[str, pa.Table], config: IdentityConfig
) -> pa.Table:
    """Cluster whole components, and return a row per profile and, without a profile, one per cut."""
    import duckdb

    with duckdb.connect(config={"threads": 1}) as con:
        for name, rows in {"nodes": nodes, "linked": edges, **told_apart}.items():
            con.register(name, rows)
        con.execute(f"create temp table comparable as select {', '.join(_NODE_COLUMNS)} from nodes")
        con.execute(
            "create temp table edges as select left_profile, right_profile, cast(rule as UTINYINT) as rule "
            "from linked where rule is not null"
        )
        con.execute(
            "create temp table scored_edges as select left_profile, right_profile, match_weight "
            "from linked where match_weight is not null"
        )
        create_base_clusters(con, config, scored=True)
        return con.sql(
            """
            select profile, component, base_cluster, cast(null as SMALLINT) as reason from base_clusters
            union all
            select null, component, null, cast(reason as SMALLINT) from component_cuts
            """
        ).to_arrow_table()
