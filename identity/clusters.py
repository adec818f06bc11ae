"""Cluster the profiles: edges in, clusters out, with those that nothing identifies left without customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from identity.clustering import Nodes, cluster_nodes, places
from identity.normalised_records import RID
from identity.profiles import HOLDINGS, IS_BARE
from identity.rules import DECIDED, DECIDED_WEIGHT
from workspace.sql import quote_literal, shifted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

    from identity.configuration import IdentityConfig

SOURCES = ("document", "loyalty", "email", "phone", "account", "source_id", "name_birth_date", "name_address")
"""Kinds of evidence that identify somebody, strongest first."""
RANKED_KINDS = ("document", "loyalty_card", "email", "phone", "account", "customer_reference")
"""The kinds of identifiers among `SOURCES`, in their order."""
NODE_COLUMNS = ("profile", "document", "document_kind", "document_is_company", "given_key")
"""The columns of `comparable` that clustering reads."""
APART = f"""
    select l.profile as left_profile, r.profile as right_profile
    from decided_pairs d
    join record_profiles l on l.rid = {RID.replace("record_id", "d.record_id_left")}
    join record_profiles r on r.rid = {RID.replace("record_id", "d.record_id_right")}
    where d.decision = 'different'
    """
"""SQL for the profiles of records that people said are different."""


def create_base_clusters(con: DuckDBPyConnection, config: IdentityConfig, *, scored: bool = False) -> None:
    """Create `base_clusters` (profile, component, base_cluster) and `component_cuts` (component, reason) of the
    profiles in `comparable`.

    `edges` may hold no edge that leaves them. Components and clusters are named by their smallest profile; `reason` is
    a position in `identity.clustering.CUTS`. With `scored`, the pairs of `scored_edges` join clusters as well.
    """
    import numpy as np
    import polars as pl

    profiles, facts = _read_nodes(con)
    apart = _apart(con, profiles)
    edges = con.execute("select left_profile, right_profile, rule from edges").fetchnumpy()
    weights = np.zeros(256)
    weights[: len(config.active_rules)] = [rule.weight for rule in config.active_rules]
    weights[DECIDED] = DECIDED_WEIGHT
    # a column is let go of before the next is looked up: of ten million people each takes half a gigabyte
    left, right = (places(profiles, np.asarray(edges.pop(name))) for name in ("left_profile", "right_profile"))
    clustering = cluster_nodes(
        facts,
        left,
        right,
        np.asarray(edges.pop("rule")),
        weights,
        max_nodes=config.max_cluster_profiles,
        apart=apart,
    )
    if scored:
        from identity.scored_clusters import join_scored

        forbidden = zip(*(side.tolist() for side in apart), strict=True) if apart else ()
        limit = config.max_cluster_profiles
        clustering = join_scored(con, profiles, facts, clustering, max_nodes=limit, forbidden=forbidden)
    labels = {
        "profile": profiles,
        "component": profiles[clustering.component],
        "base_cluster": profiles[clustering.cluster],
    }
    _store(con, "base_clusters", pl.DataFrame(labels, schema=dict.fromkeys(labels, pl.Int64)))
    cuts = [(int(profiles[node]), reason) for reason, nodes in enumerate(clustering.cuts) for node in sorted(nodes)]
    schema = {"component": pl.Int64, "reason": pl.UInt8}
    _store(con, "component_cuts", pl.DataFrame(cuts, schema=schema, orient="row"))


def _store(con: DuckDBPyConnection, table: str, frame: object) -> None:
    con.register("stored_frame", frame)
    con.execute(f"create or replace temp table {table} as select * from stored_frame")
    con.unregister("stored_frame")


def _apart(con: DuckDBPyConnection, profiles: NDArray) -> tuple[NDArray, NDArray] | None:
    import numpy as np

    pairs = con.execute(
        f"select left_profile, right_profile from ({APART}) where left_profile in (select profile from comparable) "
        "and right_profile in (select profile from comparable)"
    ).fetchnumpy()
    left, right = np.asarray(pairs["left_profile"]), np.asarray(pairs["right_profile"])
    return (places(profiles, left), places(profiles, right)) if len(left) else None


def _read_nodes(con: DuckDBPyConnection) -> tuple[NDArray, Nodes]:
    """Return the profiles in order, and the facts the constraints look at; texts stand as 62-bit hashes."""
    import numpy as np

    columns = con.execute(
        f"""
        select
            profile,
            case when document is null then -1 else cast(hash(document, {shifted("document")}) >> 2 as BIGINT) end
                as document,
            case document_kind when 'cpf' then 0 when 'nif' then 1 when 'dni' then 2 when 'nie' then 3
                when 'cnpj' then 4 when 'nipc' then 5 when 'cif' then 6 else 7 end as document_kind,
            coalesce(document_is_company, false) as is_company,
            case when given_key is null then -1 else cast(hash(given_key, {shifted("given_key")}) >> 2 as BIGINT) end
                as name
        from comparable
        order by profile
        """
    ).fetchnumpy()
    names = ("document", "document_kind", "is_company", "name")
    return np.asarray(columns["profile"], np.int64), Nodes(*(np.asarray(columns[name]) for name in names))


def create_device_followers(con: DuckDBPyConnection, config: IdentityConfig) -> None:
    """Create `device_followers` (profile, lead, base_cluster, value, block): records that show nothing but a device
    follow the one customer who uses it; a shared device says nothing.

    Reads the devices in `holdings`.
    """
    is_on = any("device" in rule.on for rule in config.active_rules)
    con.execute(
        f"""
        create or replace temp table device_followers as
        with devices as (
            select value, block, profile from holdings where kind = 'device' and not is_placeholder and {is_on}
        ),
        shared as (
            select block from devices group by block having count(*) > 1
        ),
        held as (
            select h.value, h.block, h.profile, c.base_cluster, e.has_identity, e.is_bare
            from devices h
            semi join shared v on v.block = h.block
            anti join (select block from guards where kind = 'device' and decision = 'blocked') g on g.block = h.block
            join base_clusters c on c.profile = h.profile
            join profile_evidence e on e.profile = h.profile
        ),
        users as (
            select block, min(profile) as profile, min(base_cluster) as base_cluster from held where has_identity
            group by block having count(distinct base_cluster) = 1
        )
        -- a bare profile is one record, which has one device
        select f.profile, u.profile as lead, u.base_cluster, f.value, f.block
        from held f
        join users u on u.block = f.block
        where f.is_bare
        """
    )


def create_profile_clusters(con: DuckDBPyConnection) -> None:
    """Create `profile_clusters` (profile, cluster, component) from `base_clusters` and `device_followers`.

    A cluster is named by its smallest member, and a follower may be smaller than all.
    """
    con.execute(
        """
        create or replace temp table profile_clusters as
        with smallest as (
            select base_cluster, min(profile) as profile from device_followers group by base_cluster
        ),
        leaders as (
            select b.profile, b.component, coalesce(f.base_cluster, b.base_cluster) as base_cluster
            from base_clusters b
            left join device_followers f on f.profile = b.profile
        )
        select l.profile, least(l.base_cluster, coalesce(s.profile, l.base_cluster)) as cluster, l.component
        from leaders l
        left join smallest s on s.base_cluster = l.base_cluster
        """
    )


def create_profile_evidence(con: DuckDBPyConnection) -> None:
    """Create `profile_evidence` (profile, record_count, source_rank, has_identity, is_bare): the strongest evidence of
    a profile by itself.

    An e-mail or phone that several people share identifies nobody when no name stands beside it. Only profiles that
    hold such a value, or a blocked one, are looked at value by value.
    """
    ranked = ", ".join(quote_literal(kind) for kind in RANKED_KINDS)
    con.execute(
        f"""
        create or replace temp table doubtful as
        select distinct profile from holdings
        where kind in ({ranked}) and block in (
            select block from guards where decision = 'blocked' union all select block from ambiguous_values
        )
        """
    )
    ranks = " ".join(f"when {quote_literal(kind)} then {rank}" for rank, kind in enumerate(RANKED_KINDS))
    shown = " ".join(
        f"when coalesce({', '.join(f'p.{column}' for column in HOLDINGS[kind])}) is not null"
        f"{' and p.document_is_valid' if kind == 'document' else ''} then {rank}"
        for rank, kind in enumerate(RANKED_KINDS)
    )
    con.execute(
        f"""
        create or replace temp table profile_evidence as
        with identifying as (
            select h.profile, min(case h.kind {ranks} end) as source_rank
            from (select * from holdings where profile in (select profile from doubtful)) h
            join (select * from profiles where profile in (select profile from doubtful)) p on p.profile = h.profile
            left join (select block from guards where decision = 'blocked') g on g.block = h.block
            left join ambiguous_values a on a.block = h.block and p.given_key is null
            where h.kind in ({ranked}) and g.block is null and a.block is null
                and (h.kind <> 'document' or p.document_is_valid)
            group by h.profile
        ),
        ranked as (
            select
                p.profile,
                p.record_count,
                least(
                    case when d.profile is not null then i.source_rank else case {shown} end end,
                    case when p.family_key is not null and p.birth_date is not null then 6 end,
                    case when p.family_key is not null and p.postal_code is not null and p.street_number is not null
                        then 7 end
                ) as source_rank,
                {IS_BARE} as is_bare
            from profiles p
            left join doubtful d on d.profile = p.profile
            left join identifying i on i.profile = p.profile
        )
        select profile, record_count, source_rank, source_rank is not null as has_identity, is_bare from ranked
        """
    )
    con.execute("drop table doubtful")


def create_cluster_facts(con: DuckDBPyConnection) -> None:
    """Create `cluster_facts` (cluster, source_rank, record_count, profile_count) of the clusters in
    `profile_clusters`."""
    con.execute(
        """
        create or replace temp table cluster_facts as
        select
            c.cluster,
            min(e.source_rank) as source_rank,
            cast(sum(e.record_count) as BIGINT) as record_count,
            count(*) as profile_count
        from profile_clusters c
        join profile_evidence e on e.profile = c.profile
        group by c.cluster
        """
    )


def create_clustered(con: DuckDBPyConnection) -> None:
    """Create `clustered` (rid, record_id, cluster, is_identified) from `profile_clusters` and `cluster_facts`.

    Clusters in which nothing identifies anybody have `is_identified` false.
    """
    con.execute(
        """
        create or replace temp table clustered as
        select r.rid, r.record_id, c.cluster, f.source_rank is not null as is_identified
        from profile_clusters c
        join record_profiles p on p.profile = c.profile
        join records r on r.rid = p.rid
        join cluster_facts f on f.cluster = c.cluster
        """
    )
