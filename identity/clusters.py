"""Cluster the records: edges in, `clustered` out, with the records that nothing identifies left without customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from identity.profiles import IS_BARE
from identity.clustering import Clustering, Nodes, cluster_nodes

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from identity.configuration import IdentityConfig

SOURCES = ("document", "loyalty", "email", "phone", "account", "source_id", "name_birth_date", "name_address")
"""Kinds of evidence that identify somebody, strongest first."""
_CODES = (
    "with codes as (select profile, case when document is null then -1 else dense_rank() over (order by document nulls last) - 1 end as document, "
    "case document_kind when 'cpf' then 0 when 'nif' then 1 when 'dni' then 2 when 'nie' then 3 when 'other' then 4 "
    "when 'cnpj' then 5 when 'nipc' then 6 when 'cif' then 7 else -1 end as document_kind, "
    "coalesce(document_is_company, false) as is_company, "
    "case when given_key is null then -1 else dense_rank() over (order by given_key nulls last) - 1 end as name from comparable) "
    "select * from codes order by profile"
)


def create_clusters(con: DuckDBPyConnection, config: IdentityConfig) -> Clustering:
    """Create `profile_clusters` (profile, cluster, component) and `clustered` (rid, record_id, cluster, is_identified).

    A cluster is named by its smallest rid. Clusters in which nothing identifies anybody have `is_identified` false.
    """
    import numpy as np
    import polars as pl

    nodes = con.execute(_CODES).fetchnumpy()
    edges = con.execute("select left_profile, right_profile, rule from edges").fetchnumpy()
    profiles = np.asarray(nodes["profile"])
    weights = np.array([rule.weight for rule in config.active_rules], float)
    left = np.searchsorted(profiles, np.asarray(edges["left_profile"]))
    right = np.searchsorted(profiles, np.asarray(edges["right_profile"]))
    facts = Nodes(*(np.asarray(nodes[name]) for name in ("document", "document_kind", "is_company", "name")))
    clustering = cluster_nodes(
        facts, left, right, weights[np.asarray(edges["rule"])], max_nodes=config.max_cluster_profiles
    )
    labels = pl.DataFrame(
        {"profile": profiles, "cluster": profiles[clustering.cluster], "component": profiles[clustering.component]}
        if len(profiles)
        else {"profile": [], "cluster": [], "component": []},
        schema={"profile": pl.Int32, "cluster": pl.Int32, "component": pl.Int32},
    )
    con.register("labels", labels)
    con.execute("create or replace temp table profile_clusters as select * from labels")
    con.unregister("labels")
    _attach_devices(con, config)
    _identify(con)
    return clustering


def _attach_devices(con: DuckDBPyConnection, config: IdentityConfig) -> None:
    """Let records that show nothing but a device follow the one customer who uses it; a shared device says nothing."""
    position = next((place for place, rule in enumerate(config.active_rules) if "device" in rule.on), None)
    if position is None:
        return
    con.execute(
        "create or replace temp table device_followers as with users as (select h.value, min(h.profile) as profile, min(c.cluster) as cluster "
        "from holdings h join shared_values v on v.kind = h.kind and v.value = h.value join profile_clusters c on c.profile = h.profile "
        f"join profile_evidence e on e.profile = h.profile where h.kind = 'device' and e.has_identity "
        "group by h.value having count(distinct c.cluster) = 1), "
        "followers as (select h.value, h.profile from holdings h join profile_evidence e on e.profile = h.profile "
        "where h.kind = 'device' and e.is_bare) "
        "select f.profile, min(u.profile) as lead, min(u.cluster) as cluster, min(f.value) as value from followers f "
        "join users u on u.value = f.value group by f.profile having count(distinct u.cluster) = 1"
    )
    con.execute(
        f"insert into edges select least(profile, lead), greatest(profile, lead), {position}, 'device', value from device_followers"
    )
    con.execute(
        "update profile_clusters set cluster = d.cluster from device_followers d where d.profile = profile_clusters.profile"
    )
    con.execute(
        "update profile_clusters set cluster = s.smallest from (select cluster, min(profile) as smallest from profile_clusters "
        "group by cluster having min(profile) <> cluster) s where s.cluster = profile_clusters.cluster"
    )


def create_profile_evidence(con: DuckDBPyConnection) -> None:
    """Create `profile_evidence` (profile, source_rank, has_identity, is_bare): the strongest evidence a profile has by itself.

    An e-mail or phone that several people share identifies nobody when no name stands beside it.
    """

    def usable(kind: str, *columns: str) -> str:
        free = [f"({c} is not null and {c} not in (select value from unusable where kind = '{kind}'))" for c in columns]
        shared = [f"({c} in (select value from ambiguous_values where kind = '{kind}'))" for c in columns]
        alone = " or ".join(shared)
        return f"({' or '.join(free)}) and not (given_key is null and coalesce({alone}, false))"

    con.execute("create or replace temp view unusable as select kind, value from guards where decision = 'blocked'")
    con.execute(
        "create or replace temp table profile_evidence as with ranked as (select profile, least("
        f"case when document_is_valid and {usable('document', 'document_number')} then 0 end, "
        f"case when {usable('loyalty_card', 'loyalty_card_key')} then 1 end, "
        f"case when {usable('email', 'email_key', 'email_secondary_key')} then 2 end, "
        f"case when {usable('phone', 'phone_key', 'phone_secondary_key')} then 3 end, "
        f"case when {usable('account', 'account_key')} then 4 end, "
        f"case when {usable('customer_reference', 'reference_record_id')} then 5 end, "
        "case when family_key is not null and birth_date is not null then 6 end, "
        "case when family_key is not null and postal_code is not null and street_number is not null then 7 end) as source_rank, "
        f"{IS_BARE} as is_bare from profiles) "
        "select profile, source_rank, source_rank is not null as has_identity, is_bare from ranked"
    )


def _identify(con: DuckDBPyConnection) -> None:
    con.execute(
        "create or replace temp table cluster_facts as select c.cluster, min(e.source_rank) as source_rank, "
        "cast(sum(p.record_count) as BIGINT) as record_count, count(*) as profile_count from profile_clusters c "
        "join profile_evidence e on e.profile = c.profile join profiles p on p.profile = c.profile group by c.cluster"
    )
    con.execute(
        "create or replace temp table clustered as select r.rid, r.record_id, c.cluster, f.source_rank is not null as is_identified "
        "from records r join record_profiles p on p.rid = r.rid join profile_clusters c on c.profile = p.profile "
        "join cluster_facts f on f.cluster = c.cluster"
    )
