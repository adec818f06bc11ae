"""Carry out the syncs of a workspace: gate, select, plan, send, remember."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from activation.batching import TOO_LARGE, cut_batches, note_in_flight, read_batch
from activation.configuration import FileDestination, HttpDestination
from activation.file_delivery import deliver_files
from activation.http_delivery import HttpDelivery
from activation.loading import ActivationConfig, SyncDefinition, load_activation
from activation.messages import write_messages
from activation.outcomes import REJECTED, UNANSWERED, UNKNOWN, Recorder
from activation.payloads import PersonalDataLeak, build_payloads
from activation.permissions import Stages
from activation.planning import plan_rows
from activation.published import attach_published, pass_gate
from activation.selection import select_people
from activation.state import create_tables
from activation.sync_records import SyncRun, close_run, open_run
from identity.hashing import hash_salt
from workspace.errors import ConfigError
from workspace.operations import operations

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from quality.publications import Publication
    from workspace.runs import Run
    from workspace.workspace import Workspace


REFUSED = "some rows were refused; see ops.sync_rows"


@dataclass(frozen=True)
class _Job:
    """One sync in one run, on an open operations store."""

    ws: Workspace
    con: DuckDBPyConnection
    run: Run
    publication: Publication
    config: ActivationConfig
    definition: SyncDefinition


def activate(
    ws: Workspace,
    run: Run,
    *,
    dry_run: bool = False,
    only: Collection[str] | None = None,
    trust: Collection[str] = (),
) -> list[SyncRun]:
    """Bring every destination up to date with the published view, and return one result for each sync.

    Args:
        ws: The workspace; nothing but its published view is read.
        run: Gives the instant from which consents, caps and refreshes are judged, and the name of the records.
        dry_run: Plan and count, call nobody and move no state.
        only: Names of the syncs to carry out; all when None.
        trust: Names of the syncs whose circuit breakers a person has decided to pass this once.

    Raises:
        GateRefused: nothing is published, or the verdict of the published or of the latest run is not a pass.
        ConfigErrors: the configuration is not valid.
        ConfigError: `only` or `trust` names a sync that does not exist, or a secret is not set.
    """
    publication = pass_gate(ws)
    config = load_activation(ws)
    for name in {*(only or ()), *trust} - set(config.syncs):
        raise ConfigError(f"there is no sync {name!r}", expected=", ".join(config.syncs) or None)
    with _opened(ws, publication) as con:
        write_messages(ws, con)
        return [
            _carry_out(
                _Job(ws, con, run, publication, config, config.syncs[name]), dry_run=dry_run, trust=name in trust
            )
            for name in config.syncs
            if only is None or name in only
        ]


def forecast(ws: Workspace, run: Run, view: Publication) -> list[SyncRun]:
    """Plan every sync against a view that need not be published, and return what each would add, change and remove.

    Sends nothing and asks no gate; it is noted as a dry run in the operations store of `ws`, which may be a shadow's.

    Raises:
        ConfigErrors: the configuration is not valid.
    """
    config = load_activation(ws)
    with _opened(ws, view) as con:
        jobs = [_Job(ws, con, run, view, config, definition) for definition in config.syncs.values()]
        return [_carry_out(job, dry_run=True, trust=False) for job in jobs]


@contextmanager
def _opened(ws: Workspace, view: Publication) -> Iterator[DuckDBPyConnection]:
    with operations(ws) as con:
        create_tables(con)
        attach_published(con, view)
        yield con


def _carry_out(job: _Job, *, dry_run: bool, trust: bool) -> SyncRun:
    con, definition, run = job.con, job.definition, job.run
    open_run(con, definition, run.run_id, job.publication.run_id, dry=dry_run)
    con.execute(
        "create or replace temp table members as select customer_id from sync_state "
        f"where sync_id = $sync and status in ('member', '{UNANSWERED}')",
        {"sync": definition.name},
    )
    stages = Stages(definition.audience, definition.consent_channel, job.config.policy, run.as_of_naive)
    select_people(con, stages, own_sends=True)
    try:
        build_payloads(con, definition, job.config.sources, hash_salt(job.ws))
    except PersonalDataLeak as leak:
        return close_run(con, definition, run.run_id, None, dry=dry_run, status="refused", message=str(leak))
    plan = plan_rows(con, definition, run.as_of_naive, trust=trust)
    if dry_run:
        return close_run(con, definition, run.run_id, plan, dry=True, status="dry", message=plan.stopped_by)
    recorder = Recorder(con, definition, run.run_id, run.as_of_naive)
    recorder.begin()
    folder, calls, trouble = _deliver(job, recorder)
    status = "stopped" if plan.stopped_by else "partial" if trouble else "completed"
    result = close_run(
        con, definition, run.run_id, plan, dry=False, status=status,
        message=plan.stopped_by or trouble, calls=calls, folder=folder,
    )  # fmt: skip
    write_messages(job.ws, con)
    return result


def _deliver(job: _Job, recorder: Recorder) -> tuple[Path | None, int, str | None]:
    """Deliver what is planned; return the folder, the number of calls and what went wrong."""
    recorder.record("is_silent")
    if isinstance(job.definition.destination, FileDestination):
        planned = job.con.execute("select count(*) from planned where not is_silent").fetchall()[0][0]
        if not planned:
            return None, 0, None
        recorder.doubt("not is_silent")
        folder, key = deliver_files(job.ws, job.con, job.definition, job.run.run_id)
        recorder.record("not is_silent", batch_key=key)
        return folder, 1, None
    return _deliver_http(job, recorder, job.definition.destination)


def _deliver_http(job: _Job, recorder: Recorder, destination: HttpDestination) -> tuple[Path | None, int, str | None]:
    con, sync_id, trouble = job.con, job.definition.name, None
    with HttpDelivery(sync_id, destination) as delivery:
        for phase in (1, 2):
            if phase == 2:
                _defer_moves(recorder)
            numbers = cut_batches(con, sync_id, phase, max_rows=destination.max_rows, max_bytes=destination.max_bytes)
            if con.execute(f"select count(*) from planned where {TOO_LARGE}").fetchall() != [(0,)]:
                recorder.record(TOO_LARGE, status=REJECTED, provider_code="row_too_large", attempts=0)
                trouble = REFUSED
            for number in numbers:
                batch = read_batch(con, number, phase)
                recorder.doubt(f"message_key in (select message_key from cut where batch_number = {number})")
                note_in_flight(con, sync_id, batch)
                reply = delivery.send(batch)
                recorder.record(
                    f"message_key in (select message_key from cut where batch_number = {number})",
                    status=UNKNOWN if reply.stopped_by else "succeeded",
                    exceptions=None if reply.stopped_by else reply.rejected,
                    provider_code=reply.stopped_by,
                    batch_key=batch.key,
                    attempts=reply.attempts,
                )
                if reply.stopped_by:
                    return None, delivery.calls, f"the destination gave no answer: {reply.stopped_by}"
                if reply.rejected:
                    trouble = REFUSED
        return None, delivery.calls, trouble


def _defer_moves(recorder: Recorder) -> None:
    """Hold back the new key of a person whose old key could not be removed: two would stay, and one be forgotten."""
    recorder.record(
        "reason = 'move' and customer_id in ("
        "select p.customer_id from planned as p join settled as s using (message_key) "
        "where p.operation = 'remove' and s.status <> 'succeeded')",
        status="deferred",
        attempts=0,
    )
