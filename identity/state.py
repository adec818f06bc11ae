"""The state of the last resolution: what a later one needs to redo only what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TABLES = (
    "records", "record_profiles", "profiles", "holdings", "guards", "shared_values", "comparable", "corrections",
    "edges",
    "ambiguous_values", "profile_evidence", "base_clusters", "component_cuts", "device_followers", "profile_clusters",
    "cluster_facts", "scorable", "scored_edges",
)  # fmt: skip
"""Tables that a full run leaves in the state and a delta brings up to date; the last two are empty without a model."""


def keep_tables(con: DuckDBPyConnection, tables: tuple[str, ...] = TABLES) -> None:
    """Move the temporary tables of a full run into the database `state`."""
    for table in tables:
        con.execute(f"create or replace table state.{table} as select * from temp.{table}")
        con.execute(f"drop table temp.{table}")


def replace_rows(con: DuckDBPyConnection, table: str, key: str, gone: str, source: str) -> None:
    """Replace the rows of a table of the state whose `key` stands in `gone` by those of `source`."""
    con.execute(f"delete from state.{table} where {key} in (select {key} from {gone})")
    con.execute(f"insert into state.{table} by name select * from {source}")


def create_moved_rows(con: DuckDBPyConnection, table: str, former: str, fresh: str) -> None:
    """Create a temporary table of the rows that only one of two tables has."""
    con.execute(
        f"""
        create or replace temp table {table} as
        (select * from {former} except all select * from {fresh})
        union all
        (select * from {fresh} except all select * from {former})
        """
    )


def gather_fresh(con: DuckDBPyConnection, table: str, wanted: str) -> None:
    """Create the temporary `table` with the rows of the profiles in `wanted`: those just made stand in `fresh_` table,
    and only the others are read from the state, where reading a few rows of all columns costs most of a delta."""
    con.execute(
        f"""
        create or replace temp table {table} as
        select * from fresh_{table} semi join {wanted} using (profile)
        union all by name
        select * from state.{table} semi join (
            select profile from {wanted} where profile not in (select profile from touched_profiles)
        ) using (profile)
        """
    )
