"""Write the identity tables: which columns they have, and in which order their rows stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from identity.clusters import SOURCES
from identity.hashing import hash_sql
from identity.profiles import blocked_by_pattern
from workspace.atomic import replace_dir
from workspace.sql import quote_literal

if TYPE_CHECKING:
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from identity.configuration import IdentityConfig

RECORD_COLUMNS = (
    "record_id", "source_system", "source_customer_id", "contract", "customer_kind", "updated_at", "first_seen_at",
    "last_seen_at", "is_master", "is_deleted", "row_count", "full_name", "given_name", "family_name", "document_number",
    "document_kind", "document_is_valid", "document_is_company", "email", "email_key", "email_secondary", "phone", "phone_key", "phone_is_mobile",
    "phone_is_landline", "phone_secondary", "birth_date", "gender", "street", "street_number", "address_complement", "district",
    "city", "state_code", "postal_code", "country_code", "loyalty_card_id", "account_id", "device_id",
)  # fmt: skip
ORDERS = {
    "customer_crosswalk": "record_id",
    "customer_records": "record_id",
    "customer_identifiers": "record_id, identifier_kind, identifier_value",
    "match_edges": "customer_id nulls last, record_id_left, record_id_right, rule_name, identifier_hash nulls last",
    "guard_decisions": "identifier_kind, identifier_hash",
    "customer_id_history": "record_id, change_number",
    "customer_id_aliases": "retired_customer_id",
    "household_members": "customer_id",
    "company_crosswalk": "source_system, source_company_id",
    "erasure_tombstones": "record_hash, identifier_kind, identifier_hash",
    "erased_customers": "customer_id",
    "identity_metrics": "metric",
}
"""Every table that a run writes, and the order of its rows: a total one, so that the same input gives the same files."""
_IDENTIFIERS = {
    "document": ("document_number",),
    "email": ("email_key", "email_secondary_key"),
    "phone": ("phone_key", "phone_secondary_key"),
    "loyalty_card": ("loyalty_card_key",),
    "account": ("account_key",),
    "device": ("device_key",),
}


def create_crosswalk(con: DuckDBPyConnection) -> None:
    """Create `customer_crosswalk`, one row per record, deleted ones with no customer."""
    sources = " ".join(f"when {rank} then {quote_literal(name)}" for rank, name in enumerate(SOURCES))
    con.execute(
        "create or replace temp table customer_crosswalk as select r.record_id, i.customer_id, "
        f"case when i.customer_id is not null then case f.source_rank {sources} end end as customer_id_source, "
        "coalesce(f.record_count, 1) as cluster_record_count, i.customer_id is not null as is_identified "
        "from records r left join clustered c on c.rid = r.rid left join cluster_facts f on f.cluster = c.cluster "
        "left join cluster_ids i on i.cluster = c.cluster"
    )


def create_identifiers(con: DuckDBPyConnection, config: IdentityConfig, salt: str) -> None:
    """Create `customer_identifiers`, one row per record, kind and value, with the guard's decision."""
    parts = [
        f"select record_id, {quote_literal(kind)} as kind, {column} as value, "
        f"{'document_is_valid' if kind == 'document' else 'true'} as is_valid from records where {column} is not null"
        for kind, columns in _IDENTIFIERS.items()
        for column in columns
    ]
    con.execute(
        "create or replace temp table customer_identifiers as with listed as "
        f"({' union all '.join(parts)}), marked as (select l.*, g.reason, "
        f"case when g.value is null and not l.is_valid and ({blocked_by_pattern(config, 'l.kind', 'l.value')}) then 'pattern' end as pattern "
        "from listed l left join (select kind, value, reason from guards where decision = 'blocked') g on g.kind = l.kind and g.value = l.value) "
        f"select record_id, kind as identifier_kind, value as identifier_value, {hash_sql('value', salt)} as identifier_hash, "
        "is_valid, coalesce(reason, pattern) is not null as is_blocked, coalesce(reason, pattern) as block_reason from marked"
    )


def create_match_edges(con: DuckDBPyConnection, config: IdentityConfig, salt: str) -> None:
    """Create `match_edges`: the edges between profiles, as pairs of their first records, and what ties records to profiles.

    `is_within_customer` tells whether the constraints let the edge join; `customer_id` is the customer of the left record.
    """
    rules = " ".join(f"when {place} then {quote_literal(rule.name)}" for place, rule in enumerate(config.active_rules))
    weights = " ".join(f"when {place} then {rule.weight}" for place, rule in enumerate(config.active_rules))
    con.execute(
        "create or replace temp table match_edges as with pairs as (select left_profile as a, right_profile as b, "
        f"case rule {rules} end as rule_name, cast(case rule {weights} end as DOUBLE) as weight, kind, value from edges "
        "union all select profile, rid, 'same_evidence', cast(100 as DOUBLE), cast(null as VARCHAR), cast(null as VARCHAR) "
        "from record_profiles where rid <> profile) "
        "select l.record_id as record_id_left, r.record_id as record_id_right, p.rule_name, p.weight, p.kind as identifier_kind, "
        f"{hash_sql('p.value', salt)} as identifier_hash, il.customer_id, coalesce(il.customer_id = ir.customer_id, false) as is_within_customer "
        "from pairs p join clustered l on l.rid = p.a join clustered r on r.rid = p.b "
        "left join cluster_ids il on il.cluster = l.cluster left join cluster_ids ir on ir.cluster = r.cluster "
        "where p.rule_name <> 'same_evidence' or il.customer_id is not null"
    )


def create_guard_decisions(con: DuckDBPyConnection, salt: str) -> None:
    """Create `guard_decisions`: values that are blocked, allowed by a person, or shared so that nameless records follow nobody."""
    con.execute(
        f"create or replace temp table guard_decisions as select kind as identifier_kind, {hash_sql('value', salt)} as identifier_hash, "
        "record_count, distinct_name_count, limit_count, decision, reason from guards union all "
        f"select kind, {hash_sql('value', salt)}, record_count, name_count, cast(1 as BIGINT), 'ambiguous', "
        "'records without name follow nobody: ' || name_count || ' names share the value' from ambiguous_values"
    )


def create_customer_records(con: DuckDBPyConnection) -> None:
    """Create the view `customer_records`, the normalised records with the columns that other rooms read."""
    con.execute(f"create or replace temp view customer_records as select {', '.join(RECORD_COLUMNS)} from records")


def write_tables(con: DuckDBPyConnection, folder: Path) -> None:
    """Write every table as sorted Parquet into `folder`, replacing it as a whole."""
    import shutil

    partial = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    con.execute("set preserve_insertion_order = true")
    for table, order in ORDERS.items():
        con.execute(
            f"copy (select * from {table} order by {order}) to {quote_literal(partial / f'{table}.parquet')} "
            "(format parquet, compression zstd, row_group_size 122880)"
        )
    replace_dir(partial, folder)
