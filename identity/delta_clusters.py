"""Cluster the components that a change reaches anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from identity.clusters import (
    NODE_COLUMNS,
    create_base_clusters,
    create_cluster_facts,
    create_device_followers,
    create_profile_clusters,
    create_profile_evidence,
)
from identity.state import gather_fresh, replace_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from identity.configuration import IdentityConfig


def recluster(con: DuckDBPyConnection, config: IdentityConfig) -> None:
    """Update evidence, clusters and followers after `moved_edges`, `moved_scores`, `reidentified` and
    `touched_profiles`."""
    _update_evidence(con)
    _update_base_clusters(con, config)
    _update_followers(con, config)
    _update_clusters(con)


def _drop(con: DuckDBPyConnection, *tables: str) -> None:
    for table in tables:
        con.execute(f"drop table if exists temp.{table}")


def _update_evidence(con: DuckDBPyConnection) -> None:
    gather_fresh(con, "profiles", "reidentified")
    gather_fresh(con, "holdings", "reidentified")
    create_profile_evidence(con)
    replace_rows(con, "profile_evidence", "profile", "reidentified", "temp.profile_evidence")
    _drop(con, "profiles", "holdings", "profile_evidence")


def _update_base_clusters(con: DuckDBPyConnection, config: IdentityConfig) -> None:
    """Redo the components of whatever changed: a component is all that constraints look at."""
    con.execute(
        """
        create or replace temp table moved_components as
        select distinct component from state.base_clusters where profile in (
            select profile from reidentified
            union all select left_profile from moved_edges union all select right_profile from moved_edges
            union all select left_profile from moved_scores union all select right_profile from moved_scores
            union all select p.profile from state.record_profiles p semi join redecided d on d.rid = p.rid
        )
        """
    )
    con.execute(
        """
        create or replace temp table former_region as
        select profile, component from state.base_clusters semi join moved_components using (component)
        """
    )
    con.execute(
        f"""
        create or replace temp table comparable as
        select {", ".join(NODE_COLUMNS)} from state.comparable where profile in (
            select profile from former_region union all select profile from touched_profiles
        )
        """
    )
    con.execute(
        "create or replace temp table edges as "
        "select * from state.edges where left_profile in (select profile from comparable)"
    )
    con.execute(
        """
        create or replace temp table scored_edges as
        select s.* from state.scored_edges s
        semi join comparable l on l.profile = s.left_profile
        semi join comparable r on r.profile = s.right_profile
        """
    )
    create_base_clusters(con, config, scored=True)
    replace_rows(con, "base_clusters", "profile", "former_region", "temp.base_clusters")
    # a cut has the name of a component of rules, which scored pairs may have made larger
    cut = "(select profile as component from former_region)"
    replace_rows(con, "component_cuts", "component", cut, "temp.component_cuts")
    con.execute("create or replace temp table region as select profile, base_cluster from temp.base_clusters")
    _drop(con, "comparable", "edges", "base_clusters", "component_cuts", "scored_edges")


def _update_followers(con: DuckDBPyConnection, config: IdentityConfig) -> None:
    con.execute(
        """
        create or replace temp table devices as
        select distinct block from state.holdings where kind = 'device' and (
            profile in (select profile from region) or block in (select block from touched_blocks)
        )
        union
        select block from state.device_followers where block in (select block from touched_blocks)
            or profile in (select profile from former_region) or profile in (select profile from touched_profiles)
        """
    )
    con.execute("create or replace temp table holdings as select * from state.holdings semi join devices using (block)")
    create_device_followers(con, config)
    con.execute(
        """
        create or replace temp table renamed as
        select base_cluster from region
        union
        select base_cluster from temp.device_followers
        union
        select profile from temp.device_followers
        union
        select base_cluster from state.device_followers semi join devices using (block)
        union
        select profile from state.device_followers semi join devices using (block)
        """
    )
    replace_rows(con, "device_followers", "block", "devices", "temp.device_followers")
    _drop(con, "holdings", "device_followers")


def _update_clusters(con: DuckDBPyConnection) -> None:
    con.execute(
        """
        create or replace temp table device_followers as
        select * from state.device_followers semi join renamed using (base_cluster)
        """
    )
    con.execute(
        """
        create or replace temp table base_clusters as
        select * from state.base_clusters
        where base_cluster in (select base_cluster from renamed) or profile in (select profile from device_followers)
        """
    )
    create_profile_clusters(con)
    con.execute(
        """
        create or replace temp table former_clusters as
        select profile, cluster from state.profile_clusters
        where profile in (select profile from former_region union all select profile from profile_clusters)
        """
    )
    create_cluster_facts(con)
    replace_rows(con, "profile_clusters", "profile", "former_clusters", "temp.profile_clusters")
    replace_rows(con, "cluster_facts", "cluster", "former_clusters", "temp.cluster_facts")
    _drop(con, "device_followers", "base_clusters", "profile_clusters", "cluster_facts")
