"""Cluster the records: edges in, `clustered` out, with the records that nothing identifies left without customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from identity.clustering import Clustering, Nodes, cluster_nodes
from identity.profiles import IS_BARE

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

    from identity.configuration import IdentityConfig

SOURCES = ("document", "loyalty", "email", "phone", "account", "source_id", "name_birth_date", "name_address")
"""Kinds of evidence that identify somebody, strongest first."""


def create_clusters(con: DuckDBPyConnection, config: IdentityConfig) -> Clustering:
    """Create `profile_clusters` (profile, cluster, component), `cluster_facts` and `clustered` (rid, record_id,
    cluster, is_identified).

    A cluster is named by its smallest rid. Clusters in which nothing identifies anybody have `is_identified` false.
    """
    import numpy as np
    import polars as pl

    profiles, facts = _read_nodes(con)
    edges = con.execute("select left_profile, right_profile, rule from edges").fetchnumpy()
    weights = np.array([rule.weight for rule in config.active_rules], float)
    clustering = cluster_nodes(
        facts,
        np.searchsorted(profiles, np.asarray(edges["left_profile"])),
        np.searchsorted(profiles, np.asarray(edges["right_profile"])),
        weights[np.asarray(edges["rule"])],
        max_nodes=config.max_cluster_profiles,
    )
    labels = {"profile": profiles, "cluster": profiles[clustering.cluster], "component": profiles[clustering.component]}
    con.register("labels", pl.DataFrame(labels, schema=dict.fromkeys(labels, pl.Int32)))
    con.execute("create or replace temp table profile_clusters as select * from labels")
    con.unregister("labels")
    _attach_devices(con, config)
    _identify(con)
    return clustering


def _read_nodes(con: DuckDBPyConnection) -> tuple[NDArray, Nodes]:
    """Return the profiles in order, and the facts the constraints look at; texts stand as 62-bit hashes."""
    import numpy as np

    columns = con.execute(
        """
        select
            profile,
            case when document is null then -1 else cast(hash(document) >> 2 as BIGINT) end as document,
            case document_kind when 'cpf' then 0 when 'nif' then 1 when 'dni' then 2 when 'nie' then 3
                when 'cnpj' then 4 when 'nipc' then 5 when 'cif' then 6 else 7 end as document_kind,
            coalesce(document_is_company, false) as is_company,
            case when given_key is null then -1 else cast(hash(given_key) >> 2 as BIGINT) end as name
        from comparable
        order by profile
        """
    ).fetchnumpy()
    names = ("document", "document_kind", "is_company", "name")
    return np.asarray(columns["profile"], np.int32), Nodes(*(np.asarray(columns[name]) for name in names))


def _attach_devices(con: DuckDBPyConnection, config: IdentityConfig) -> None:
    """Let records that show nothing but a device follow the one customer who uses it; a shared device says nothing."""
    position = next((place for place, rule in enumerate(config.active_rules) if "device" in rule.on), None)
    if position is None:
        return
    con.execute(
        """
        create or replace temp table device_followers as
        with held as (
            select h.value, h.profile, c.cluster, e.has_identity, e.is_bare
            from holdings h
            join shared_values v on v.kind = h.kind and v.value = h.value
            join profile_clusters c on c.profile = h.profile
            join profile_evidence e on e.profile = h.profile
            where h.kind = 'device'
        ),
        users as (
            select value, min(profile) as profile, min(cluster) as cluster from held where has_identity
            group by value having count(distinct cluster) = 1
        )
        select f.profile, min(u.profile) as lead, min(u.cluster) as cluster, min(f.value) as value
        from held f
        join users u on u.value = f.value
        where f.is_bare
        group by f.profile
        having count(distinct u.cluster) = 1
        """
    )
    con.execute(
        f"""
        insert into edges
        select least(profile, lead), greatest(profile, lead), {position}, 'device', value from device_followers
        """
    )
    con.execute(
        """
        update profile_clusters set cluster = d.cluster from device_followers d
        where d.profile = profile_clusters.profile
        """
    )
    con.execute(
        # a cluster is named by its smallest member, and a follower may be smaller than all
        """
        update profile_clusters set cluster = s.smallest
        from (
            select cluster, min(profile) as smallest from profile_clusters
            group by cluster having min(profile) <> cluster
        ) s
        where s.cluster = profile_clusters.cluster
        """
    )


def create_profile_evidence(con: DuckDBPyConnection) -> None:
    """Create `profile_evidence` (profile, source_rank, has_identity, is_bare): the strongest evidence of a profile by
    itself.

    An e-mail or phone that several people share identifies nobody when no name stands beside it.
    """
    con.execute(
        """
        create or replace temp table identifying as
        select
            h.profile,
            min(case h.kind when 'document' then 0 when 'loyalty_card' then 1 when 'email' then 2 when 'phone' then 3
                when 'account' then 4 when 'customer_reference' then 5 end) as source_rank
        from holdings h
        join profiles p on p.profile = h.profile
        left join (select kind, value from guards where decision = 'blocked') g on g.kind = h.kind and g.value = h.value
        left join ambiguous_values a on a.kind = h.kind and a.value = h.value and p.given_key is null
        where h.kind not in ('device', 'local_number') and g.value is null and a.value is null
            and (h.kind <> 'document' or p.document_is_valid)
        group by h.profile
        """
    )
    con.execute(
        f"""
        create or replace temp table profile_evidence as
        with ranked as (
            select
                p.profile,
                least(
                    i.source_rank,
                    case when p.family_key is not null and p.birth_date is not null then 6 end,
                    case when p.family_key is not null and p.postal_code is not null and p.street_number is not null
                        then 7 end
                ) as source_rank,
                {IS_BARE} as is_bare
            from profiles p
            left join identifying i on i.profile = p.profile
        )
        select profile, source_rank, source_rank is not null as has_identity, is_bare from ranked
        """
    )


def _identify(con: DuckDBPyConnection) -> None:
    con.execute(
        """
        create or replace temp table cluster_facts as
        select
            c.cluster,
            min(e.source_rank) as source_rank,
            cast(sum(p.record_count) as BIGINT) as record_count,
            count(*) as profile_count
        from profile_clusters c
        join profile_evidence e on e.profile = c.profile
        join profiles p on p.profile = c.profile
        group by c.cluster
        """
    )
    con.execute(
        """
        create or replace temp table clustered as
        select r.rid, r.record_id, c.cluster, f.source_rank is not null as is_identified
        from record_profiles p
        join records r on r.rid = p.rid
        join profile_clusters c on c.profile = p.profile
        join cluster_facts f on f.cluster = c.cluster
        """
    )
