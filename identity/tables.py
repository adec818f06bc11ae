"""Write the identity tables: which columns they have, and in which order their rows stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from identity.clusters import SOURCES
from identity.edge_values import valued_edges
from identity.hashing import hash_sql
from identity.rules import DECIDED, DECIDED_NAME, DECIDED_WEIGHT
from workspace.atomic import replace_dir
from workspace.sql import quote_literal

if TYPE_CHECKING:
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from identity.configuration import IdentityConfig

RECORD_COLUMNS = (
    "record_id", "source_system", "source_customer_id", "contract", "customer_kind", "updated_at", "first_seen_at",
    "last_seen_at", "is_master", "is_deleted", "row_count", "full_name", "given_name", "family_name", "document_number",
    "document_kind", "document_is_valid", "document_is_company", "email", "email_secondary", "phone", "phone_is_mobile",
    "phone_is_landline", "phone_secondary", "birth_date", "gender", "street", "street_number", "address_complement",
    "district", "city", "state_code", "postal_code", "country_code", "loyalty_card_id", "account_id", "device_id",
    # dbt finds the salted hash of a golden e-mail or telephone by these
    "email_key", "phone_key",
    # a number without area code joins too, and why-not tells of it
    "local_key",
)  # fmt: skip
ORDERS = {
    "customer_crosswalk": "rid",
    "customer_records": "rid",
    "customer_identifiers": "rid, identifier_kind, identifier_value",
    "match_edges": "left_rid, right_rid, rule, block",
    "guard_decisions": "identifier_kind, identifier_hash",
    "customer_id_history": "record_id, change_number",
    "customer_id_aliases": "retired_customer_id",
    "household_members": "customer_id",
    "company_crosswalk": "source_system, source_company_id",
    "erasure_tombstones": "record_hash, identifier_kind, identifier_hash",
    "erased_customers": "customer_id",
    "identity_metrics": "metric",
    "review_queue": "priority desc, review_id",
    "lookup_keys": "key, record",
    "model_epoch": "epoch_id",
    "epoch_name_tokens": "token",
    "epoch_term_frequencies": "column_name, value",
}
"""Every table that a run writes, and the order of its rows: a total one, so that the same input gives the same files.

`rid` numbers the records by record_id, so rows in its order stand in that of record_id at a third of the cost."""
SCORED, SCORED_NAME = 252, "scored"
"""Stands in `refused_edges.rule` and in the view of edges for a pair that the model joins, and its name."""
_ROW_GROUP = 8_192
"""Rows that a look-up of one has to read. Larger groups take longer to read, smaller ones longer to tell apart."""
_SORT_ONLY = {
    "customer_crosswalk": ("rid",),
    "customer_records": ("rid",),
    "customer_identifiers": ("rid",),
    "match_edges": ("left_rid", "right_rid", "rule", "block"),
}
_IDENTIFIERS = {
    "account": ("account_key",),
    "device": ("device_key",),
    "document": ("document_number",),
    "email": ("email_key", "email_secondary_key"),
    "loyalty_card": ("loyalty_card_key",),
    "phone": ("phone_key", "phone_secondary_key"),
}


def create_crosswalk(con: DuckDBPyConnection) -> None:
    """Create `customer_crosswalk`, one row per record; deleted ones and those that nothing identifies have no
    customer."""
    sources = " ".join(f"when {rank} then {quote_literal(name)}" for rank, name in enumerate(SOURCES))
    con.execute(
        f"""
        create or replace temp table customer_crosswalk as
        select
            r.rid,
            r.record_id,
            i.customer_id,
            case when i.customer_id is not null then case f.source_rank {sources} end end as customer_id_source,
            case when i.customer_id is not null then f.record_count else 1 end as cluster_record_count,
            i.customer_id is not null as is_identified
        from records r
        left join clustered c on c.rid = r.rid
        left join cluster_facts f on f.cluster = c.cluster
        left join cluster_ids i on i.cluster = c.cluster
        """
    )


def create_customer_records(con: DuckDBPyConnection) -> None:
    """Create the view `customer_records`: the normalised records with the columns that other rooms read."""
    con.execute(f"create or replace temp view customer_records as select rid, {', '.join(RECORD_COLUMNS)} from records")


def create_identifiers(con: DuckDBPyConnection, salt: str) -> None:
    """Create the view `customer_identifiers`: one row per record, kind and value, with the guard's decision."""
    parts = [
        f"select rid, record_id, {quote_literal(kind)} as kind, {column} as value, "
        f"{'document_is_valid' if kind == 'document' else 'true'} as is_valid from records where {column} is not null"
        for kind, columns in _IDENTIFIERS.items()
        for column in columns
    ]
    con.execute(
        f"""
        create or replace temp view customer_identifiers as
        select
            l.rid,
            l.record_id,
            l.kind as identifier_kind,
            l.value as identifier_value,
            {hash_sql("l.value", salt)} as identifier_hash,
            l.is_valid,
            g.value is not null as is_blocked,
            g.reason as block_reason
        from ({" union all ".join(parts)}) l
        left join (select kind, value, reason from guards where decision = 'blocked') g
            on g.kind = l.kind and g.value = l.value
        """
    )


def create_match_edges(con: DuckDBPyConnection, config: IdentityConfig, salt: str) -> None:
    """Create the view `match_edges`: the edges between profiles, as pairs of their first records, and what ties
    records to profiles.

    Pairs that a model found rather one person than two are edges named `scored`, their weight is in bits.
    `is_within_customer` tells whether the constraints let the edge join; `customer_id` is the customer of the left
    record.
    """
    active = [(place, rule.name, rule.weight) for place, rule in enumerate(config.active_rules)]
    device = [(253, name, weight) for place, name, weight in active if "device" in config.active_rules[place].on][:1]
    named = [*active, *device, (DECIDED, DECIDED_NAME, DECIDED_WEIGHT)]
    scored = (
        f"""
            union all
            select left_profile, right_profile, {SCORED}, null, match_weight from scored_edges where match_weight > 0"""
        if _has_scored(con)
        else ""
    )
    rules = " ".join(f"when {place} then {quote_literal(name)}" for place, name, _ in named)
    weights = " ".join(f"when {place} then {weight}" for place, _, weight in named)
    con.execute(
        f"""
        create or replace temp view match_edges as
        with pairs as (
            select left_profile, right_profile, rule, block, cast(null as DOUBLE) as bits from edges
            union all
            select least(profile, lead), greatest(profile, lead), 253, block, null from device_followers
            union all
            select p.profile, p.rid, 255, null, null from record_profiles p where p.rid <> p.profile{scored}
        ),
        valued as (
            {valued_edges(config, "pairs")}
        )
        select
            p.left_profile as left_rid,
            p.right_profile as right_rid,
            p.rule,
            p.block,
            l.record_id as record_id_left,
            r.record_id as record_id_right,
            case p.rule {rules} when {SCORED} then {quote_literal(SCORED_NAME)} else 'same_evidence' end as rule_name,
            cast(coalesce(p.bits, case p.rule {weights} else 100 end) as DOUBLE) as weight,
            p.kind as identifier_kind,
            coalesce(p.value_hash, {hash_sql("p.value", salt)}) as identifier_hash,
            l.customer_id,
            coalesce(l.customer_id = r.customer_id, false) as is_within_customer
        from valued p
        join customer_crosswalk l on l.rid = p.left_profile
        join customer_crosswalk r on r.rid = p.right_profile
        where p.rule <> 255 or l.customer_id is not null
        """
    )


def create_refused_edges(con: DuckDBPyConnection, config: IdentityConfig) -> None:
    """Create `refused_edges` (left_profile, right_profile, rule, kind, record_id_left, record_id_right): the few edges
    whose ends a constraint holds apart, scored pairs among them.

    Nearly every edge joins, and three tables ask for the others.
    """
    scored = (
        f" union all select left_profile, right_profile, {SCORED}, cast(null as UBIGINT) as block "
        "from scored_edges where match_weight > 0"
        if _has_scored(con)
        else ""
    )
    con.execute(
        f"""
        create or replace temp table refused_edges as
        with apart as materialized (
            select e.*
            from (select left_profile, right_profile, rule, block from edges{scored}) e
            join profile_clusters l on l.profile = e.left_profile
            join profile_clusters r on r.profile = e.right_profile
            where l.cluster <> r.cluster
        )
        select a.left_profile, a.right_profile, a.rule, a.kind, l.record_id as record_id_left,
            r.record_id as record_id_right
        from ({valued_edges(config, "apart")}) a
        join customer_crosswalk l on l.rid = a.left_profile
        join customer_crosswalk r on r.rid = a.right_profile
        """
    )


def _has_scored(con: DuckDBPyConnection) -> bool:
    return bool(con.execute("select 1 from duckdb_tables() where table_name = 'scored_edges'").fetchall())


def create_guard_decisions(con: DuckDBPyConnection, salt: str) -> None:
    """Create `guard_decisions`: values that are blocked, allowed by a person, or so shared that nameless records
    follow nobody."""
    con.execute(
        f"""
        create or replace temp table guard_decisions as
        select
            kind as identifier_kind,
            {hash_sql("value", salt)} as identifier_hash,
            record_count,
            distinct_name_count,
            limit_count,
            decision,
            reason
        from guards
        union all
        select
            kind,
            {hash_sql("value", salt)},
            record_count,
            name_count,
            cast(1 as BIGINT),
            'ambiguous',
            'records without name follow nobody: ' || name_count || ' given names share the value'
        from ambiguous_values
        """
    )


def write_tables(con: DuckDBPyConnection, folder: Path, *, records_in_order: bool) -> None:
    """Write every table as sorted Parquet into `folder`, replacing it as a whole.

    `records_in_order` tells that the records stand in the order of their numbers already; a sort of all their columns
    costs much.
    """
    import shutil

    partial = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    con.execute("set preserve_insertion_order = true")
    for table, order in ORDERS.items():
        sort_only = _SORT_ONLY.get(table, ())
        columns = [row[0] for row in con.execute(f"describe {table}").fetchall() if row[0] not in sort_only]
        ordered = table if table == "customer_records" and records_in_order else f"{table} order by {order}"
        con.execute(
            f"copy (select {', '.join(columns)} from {ordered}) "
            f"to {quote_literal(partial / f'{table}.parquet')} "
            f"(format parquet, compression zstd, compression_level 1, row_group_size {_ROW_GROUP})"
        )
    con.execute("set preserve_insertion_order = false")
    replace_dir(partial, folder)
