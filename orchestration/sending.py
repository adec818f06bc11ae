"""Activate from the published view outside a run, under the workspace's lock."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from workspace.locking import run_lock

if TYPE_CHECKING:
    from activation.syncing import SyncRun
    from workspace.workspace import Workspace


def send(
    workspace: Workspace,
    *,
    dry_run: bool = False,
    only: Collection[str] | None = None,
    trust: Collection[str] = (),
    as_of: datetime | None = None,
) -> list[SyncRun]:
    """Carry out syncs now, and bring what was sent into the publication's operations tables.

    Raises:
        ConfigErrors: the configuration is not valid.
        GateRefused: nothing is published, or the last verdict is not a pass.
        WorkspaceLocked: a run is at work.
    """
    from activation.syncing import activate
    from orchestration.configuration import check_configuration
    from quality.publishing import refresh_operations
    from workspace.runs import Run

    check_configuration(workspace)
    run = Run.at(as_of or workspace.settings.as_of or datetime.now(UTC).replace(second=0))
    with run_lock(workspace):
        ran = activate(workspace, run, dry_run=dry_run, only=only, trust=trust)
        if not dry_run:
            refresh_operations(workspace)
    return ran
