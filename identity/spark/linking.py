"""Link records on Spark: the steps of `identity.linking`, with what goes row by row handed to the executors."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

from identity.clusters import (
    create_cluster_facts,
    create_clustered,
    create_device_followers,
    create_profile_clusters,
    create_profile_evidence,
)
from identity.epochs import read_epoch
from identity.guards import create_guards
from identity.near_documents import create_corrections
from identity.normalised_records import create_records, refuse_collisions
from identity.profiles import create_holdings, create_profiles, create_record_evidence, load_nicknames
from identity.rules import create_comparable, create_edges
from identity.scoring.blocking import create_candidates
from identity.scoring.participants import create_scorable
from identity.scoring.predicting import create_scored_edges, epoch_model, pairs_sql, weighing_sql
from identity.spark.asking import run_by_partition
from identity.spark.components import create_base_clusters_by_bucket
from identity.spark.freezing import freeze_epoch_on_spark, read_epoch_tables
from identity.spark.tables import SparkTables
from workspace.errors import UnavistaError
from workspace.sql import connect

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from duckdb import DuckDBPyConnection
    from pyspark.sql import DataFrame, SparkSession

    from identity.configuration import IdentityConfig
    from workspace.workspace import Workspace


def link_on_spark(
    spark: SparkSession,
    raw_records: DataFrame,
    config: IdentityConfig,
    *,
    country: str,
    as_of: datetime,
    scratch: str,
    epoch: str | None = None,
    decided_pairs: DataFrame | None = None,
    trainer: Workspace | None = None,
) -> SparkTables:
    """Return the tables from `records` to `clustered` that `link_records` and `cluster_records` would make.

    Numbers of blocks differ from DuckDB's, for they are hashes; all else is equal.

    Args:
        spark: Session to work in.
        raw_records: Columns of `raw_records`, in any order of rows.
        config: Rules and guards.
        country: Home country of the workspace.
        as_of: Instant of the run, naive UTC.
        scratch: Folder that every executor can read and write; it holds personal data, and the caller removes it.
        epoch: Folder of a frozen epoch, as a publication has it; without one the first is frozen from the records.
        decided_pairs: Columns record_id_left, record_id_right and decision; what people said of pairs.
        trainer: Workspace whose limits hold on this machine when a first epoch needs a scoring model.

    Raises:
        UnavistaError: the records do not have the types of `raw_records`, or need a scoring model and no trainer is
            given.
    """
    _refuse_instants(raw_records)
    tables = SparkTables(spark, scratch)
    statements = partial(create_records, country=country, as_of=as_of)
    tables.put("records", run_by_partition(tables.spark, raw_records, "raw_records", statements, "records"))
    if decided_pairs is None:
        tables.execute(
            "create or replace temp table decided_pairs "
            "(record_id_left VARCHAR, record_id_right VARCHAR, decision VARCHAR)"
        )
    else:
        tables.put("decided_pairs", decided_pairs)
    if epoch is not None:
        read_epoch_tables(tables, epoch)
    freeze = None if epoch else partial(freeze_epoch_on_spark, as_of=as_of, trainer=trainer)
    _link(tables, config, country=country, freeze=freeze)
    _cluster(tables, config)
    return tables


def _refuse_instants(raw_records: DataFrame) -> None:
    found = [name for name, kind in raw_records.dtypes if kind == "timestamp"]
    if found:
        raise UnavistaError(
            f"raw_records: {', '.join(found)} would be read in the time zone of the session; "
            "expected timestamp_ntz in UTC: cast them, or set spark.sql.timestampType to TIMESTAMP_NTZ"
        )


def _link(
    tables: SparkTables,
    config: IdentityConfig,
    *,
    country: str,
    freeze: Callable[[SparkTables, IdentityConfig], None] | None,
) -> None:
    con = cast("DuckDBPyConnection", tables)
    refuse_collisions(con, "records")
    _load_nicknames(tables)
    create_record_evidence(con)
    create_profiles(con)
    create_holdings(con, config)
    create_guards(con, config)
    if freeze is not None:
        freeze(tables, config)
    create_comparable(con)
    _create_corrections(tables, country=country)
    create_edges(con, config)
    _create_scored_edges(tables, config)


def _cluster(tables: SparkTables, config: IdentityConfig) -> None:
    con = cast("DuckDBPyConnection", tables)
    create_profile_evidence(con)
    create_base_clusters_by_bucket(tables, config)
    create_device_followers(con, config)
    create_profile_clusters(con)
    create_cluster_facts(con)
    create_clustered(con)


def _load_nicknames(tables: SparkTables) -> None:
    with connect() as con:
        load_nicknames(con)
        tables.put("nicknames", tables.spark.createDataFrame(con.sql("from nicknames").to_arrow_table()))


def _create_corrections(tables: SparkTables, *, country: str) -> None:
    """Create `corrections`: candidates of a mistyped document follow from that document alone."""
    tables.execute(
        """
        create or replace temp table corrected_profiles as
        select p.profile, p.given_key, p.document_number, p.document_is_valid, b.value is not null as is_blocked
        from profiles p
        left join (select value from guards where kind = 'document' and decision = 'blocked') b
            on b.value = p.document_number
        where not p.document_is_valid
        """
    )
    statements = partial(_correct, country=country)
    profiles = tables.frame("corrected_profiles")
    tables.put("corrections", run_by_partition(tables.spark, profiles, "profiles", statements, "corrections"))


def _correct(con: DuckDBPyConnection, *, country: str) -> None:
    con.execute(
        "create temp view guards as "
        "select 'document' as kind, document_number as value, 'blocked' as decision from profiles where is_blocked"
    )
    create_corrections(con, country=country)


def _create_scored_edges(tables: SparkTables, config: IdentityConfig) -> None:
    """Create `scored_edges`: the pairs worth scoring by the statements of one machine, each weighed by DuckDB."""
    con = cast("DuckDBPyConnection", tables)
    epoch = read_epoch(con)
    if epoch.splink_model is None:
        create_scored_edges(con, epoch, config)
        return
    model = epoch_model(epoch)
    create_scorable(con, config.scoring)
    create_candidates(con, model["profile_count"])
    tables.execute(f"create or replace temp table pairs as select * from ({pairs_sql('candidates')})")
    statements = partial(_weigh, model=model)
    weighed = run_by_partition(tables.spark, tables.frame("pairs"), "pairs", statements, "weighed")
    tables.put("scored_edges", weighed)


def _weigh(con: DuckDBPyConnection, *, model: dict[str, Any]) -> None:
    con.execute(f"create temp table weighed as {weighing_sql(model)}")
