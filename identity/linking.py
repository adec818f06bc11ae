"""Link the records: from `records` to clusters, all of them at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from identity.clusters import (
    create_base_clusters,
    create_cluster_facts,
    create_clustered,
    create_device_followers,
    create_profile_clusters,
    create_profile_evidence,
)
from identity.guards import create_guards
from identity.near_documents import create_corrections
from identity.normalised_records import refuse_collisions
from identity.profiles import create_holdings, create_profiles, create_record_evidence, load_nicknames
from identity.rules import create_comparable, create_edges

if TYPE_CHECKING:
    from collections.abc import Callable

    from duckdb import DuckDBPyConnection

    from identity.configuration import IdentityConfig


def link_records(
    con: DuckDBPyConnection, config: IdentityConfig, *, country: str, epoch: Callable[[DuckDBPyConnection], None]
) -> None:
    """Create every table from `profiles` to `edges` out of `records` and `decided_pairs`.

    Args:
        con: Connection.
        config: Rules and guards.
        country: Home country of the workspace.
        epoch: Creates `model_epoch` and `name_tokens`; called when records, profiles and guards stand.
    """
    refuse_collisions(con, "records")
    load_nicknames(con)
    create_record_evidence(con)
    create_profiles(con)
    con.execute("drop table record_evidence")
    create_holdings(con, config)
    create_guards(con, config)
    epoch(con)
    create_comparable(con)
    create_corrections(con, country=country)
    create_edges(con, config)


def cluster_records(con: DuckDBPyConnection, config: IdentityConfig, *, scored: bool = False) -> None:
    """Create the clusters and what is known of each, out of the linked records and, if asked, of `scored_edges`."""
    create_profile_evidence(con)
    create_base_clusters(con, config, scored=scored)
    create_device_followers(con, config)
    create_profile_clusters(con)
    create_cluster_facts(con)
    create_clustered(con)
