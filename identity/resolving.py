"""Resolve who is who: from the person records of the lake to the identity tables of the build."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from identity.clusters import create_clustered
from identity.companies import create_company_crosswalk
from identity.configuration import load_identity_config
from identity.customer_ids import assign_customer_ids
from identity.delta import link_changes
from identity.edge_values import create_edge_values
from identity.epochs import freeze_epoch, load_epoch, read_epoch
from identity.erasures import apply_tombstones, create_erased_customers, create_tombstones
from identity.evidence import collect_raw_records
from identity.hashing import hash_salt
from identity.history import create_aliases, create_history
from identity.households import create_households
from identity.lake_changes import create_redecided, create_touched_records
from identity.linking import cluster_records
from identity.linking import link_records as link_all
from identity.lookup_keys import create_lookup_keys
from identity.metrics import create_metrics
from identity.normalised_records import RID, create_records
from identity.published import create_published, identity_folder
from identity.review.decisions import load_decisions
from identity.review.queue import create_review_queue
from identity.scoring.predicting import create_scored_edges
from identity.spark.resolving import clear_scratch, link_workspace
from identity.state_file import attach_state, fingerprint, fresh_state, keep_state, note_inputs
from identity.tables import (
    create_crosswalk,
    create_customer_records,
    create_guard_decisions,
    create_identifiers,
    create_match_edges,
    create_refused_edges,
    write_tables,
)
from workspace.sql import connect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from duckdb import DuckDBPyConnection

    from identity.configuration import IdentityConfig
    from workspace.runs import Run
    from workspace.workspace import Workspace


@dataclass(frozen=True)
class IdentityResult:
    """What a resolution found.

    Args:
        folder: Where the tables stand.
        metrics: Every row of `identity_metrics`.
    """

    folder: Path
    metrics: Mapping[str, float]

    @property
    def records(self) -> int:
        """Return the number of person records."""
        return int(self.metrics["records"])

    @property
    def customers(self) -> int:
        """Return the number of customers."""
        return int(self.metrics["customers"])

    def counts(self, prefix: str) -> dict[str, int]:
        """Return the metrics whose name starts with `prefix`, without it: `edges_` by rule, `changes_` by reason."""
        return {
            name.removeprefix(prefix): int(value) for name, value in self.metrics.items() if name.startswith(prefix)
        }


def resolve(ws: Workspace, run: Run) -> IdentityResult:
    """Resolve the identities of the lake and write every identity table into the build.

    The outcome is a function of the lake, the configuration, `run.as_of` and the last publication: order of files and
    rows and number of threads do not matter. Ids come from the last publication, so a run that was never published
    leaves no trace. On Spark every run is a full one, and no state is kept: it would know blocks by other numbers, and
    name people who are erased since.

    Raises:
        ConfigErrors: identity.yml is not valid.
        UnavistaError: the workspace asks for Spark, and it is not installed or could not link the records.
    """
    config = load_identity_config(ws)
    on_spark = ws.settings.engine == "spark"
    clear_scratch(ws)
    with connect(ws) as con:
        con.execute("set preserve_insertion_order = false")
        create_published(con, ws)
        load_decisions(con, ws)
        epoch = load_epoch(con, ws, config)
        made_by = fingerprint(ws, config, hash_salt(ws), epoch.epoch_id if epoch else "")
        # a first epoch comes from all records
        new_files = None if epoch is None or on_spark else attach_state(con, ws, made_by)
        if new_files is not None:
            _resolve_changes(con, ws, run, config, new_files=new_files, made_by=made_by)
        elif on_spark:
            link_workspace(con, ws, run, config)
        else:
            link_records(con, ws, run, config)
            cluster_records(con, config, scored=True)
        _create_outputs(con, ws, run, config)
        write_tables(con, identity_folder(ws), records_in_order=new_files is None and not on_spark)
        metrics = dict(con.execute("select metric, value from identity_metrics order by metric").fetchall())
        if new_files is None and not on_spark:
            _keep(con, ws, run, config)
    return IdentityResult(identity_folder(ws), metrics)


def _resolve_changes(
    con: DuckDBPyConnection,
    ws: Workspace,
    run: Run,
    config: IdentityConfig,
    *,
    new_files: set[tuple[str, str, int]],
    made_by: str,
) -> None:
    """Bring the attached state up to date in one transaction: a crash leaves the old one."""
    salt = hash_salt(ws)
    create_touched_records(con, ws, new_files, as_of=run.as_of_naive, salt=salt)
    create_redecided(con)
    collect_raw_records(con, ws, only="touched_records")
    apply_tombstones(con, salt)
    create_records(con, country=ws.settings.country, as_of=run.as_of_naive)
    con.execute("alter table temp.records rename to changed_records")
    con.execute("drop table temp.raw_records")
    con.execute(
        f"create or replace temp table gone_records as select {RID} as rid from touched_records "
        "where record_id not in (select record_id from changed_records)"
    )
    con.execute("begin")
    link_changes(con, config, country=ws.settings.country, epoch=read_epoch(con))
    note_inputs(con, ws, run, made_by)
    con.execute("commit")
    create_clustered(con)


def _keep(con: DuckDBPyConnection, ws: Workspace, run: Run, config: IdentityConfig) -> None:
    """Keep the tables of a full run as the state of the next, which will read the epoch of this one."""
    made_by = fingerprint(ws, config, hash_salt(ws), read_epoch(con).epoch_id)
    # what stands between the tables and their new place reads them
    with fresh_state(con, ws):
        keep_state(con, ws, run, made_by)


def link_records(con: DuckDBPyConnection, ws: Workspace, run: Run, config: IdentityConfig) -> None:
    """Create `records`, `profiles`, `guards`, `edges` and `scored_edges` from the lake."""
    collect_raw_records(con, ws)
    apply_tombstones(con, hash_salt(ws))
    create_records(con, country=ws.settings.country, as_of=run.as_of_naive)
    con.execute("drop table raw_records")
    load_decisions(con, ws)

    def epoch(con: DuckDBPyConnection) -> None:
        if load_epoch(con, ws, config) is None:
            freeze_epoch(con, ws, config, as_of=run.as_of_naive)

    link_all(con, config, country=ws.settings.country, epoch=epoch)
    create_scored_edges(con, read_epoch(con), config)


def _create_outputs(con: DuckDBPyConnection, ws: Workspace, run: Run, config: IdentityConfig) -> None:
    salt = hash_salt(ws)
    assign_customer_ids(con)
    create_crosswalk(con)
    create_customer_records(con)
    create_identifiers(con, salt)
    create_edge_values(con, salt)
    create_match_edges(con, config, salt)
    create_refused_edges(con, config)
    create_guard_decisions(con, salt)
    create_tombstones(con, salt)
    create_erased_customers(con)
    create_history(con, run)
    create_aliases(con)
    create_lookup_keys(con)
    create_households(con, config)
    create_review_queue(con, config)
    create_company_crosswalk(con, ws)
    create_metrics(con, config)
