"""What a person decides: let a held run out, or go back to the publication before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workspace.errors import GateRefused
from workspace.locking import run_lock

if TYPE_CHECKING:
    from quality.publications import Publication
    from workspace.workspace import Workspace


@dataclass(frozen=True)
class Signed:
    """What a signature set in motion."""

    run_id: str
    lines: tuple[str, ...]


def sign_and_publish(
    workspace: Workspace, *, who: str, why: str, run_id: str | None = None, activate: bool = True
) -> Signed:
    """Sign for a held run, publish its build and activate from it.

    Raises:
        GateRefused: the run is not held, or the build has changed since it was audited.
        WorkspaceLocked: a run is at work.
    """
    from orchestration.pipeline import Pipeline
    from quality.gate import sign
    from workspace.runs import Run

    with run_lock(workspace):
        chosen = run_id or _last_verdict(workspace)
        sign(workspace, chosen, who=who, why=why)
        pipeline = Pipeline(workspace, Run.from_id(chosen))
        pipeline.take_up_verdict()
        try:
            published = pipeline.publish()
            syncs = pipeline.activate() if activate else []
        finally:
            pipeline.record()
    lines = [f"published {published.publication_id}"]
    lines += [f"sync {one.sync_id}: {one.status}" + (f", {one.message}" if one.message else "") for one in syncs]
    return Signed(chosen, tuple(lines))


def roll_back(workspace: Workspace) -> Publication:
    """Make the publication before the current one current again.

    Raises:
        UnavistaError: there is no earlier publication.
        WorkspaceLocked: a run is at work.
    """
    from quality.publishing import refresh_operations, rollback

    with run_lock(workspace):
        publication = rollback(workspace)
        refresh_operations(workspace)
    return publication


def _last_verdict(workspace: Workspace) -> str:
    from quality.operations_tables import quality_operations

    with quality_operations(workspace) as con:
        rows = con.execute("select run_id from verdicts order by decided_at desc, run_id desc limit 1").fetchall()
    if not rows:
        raise GateRefused("no run has been audited yet: there is nothing to sign")
    return str(rows[0][0])
