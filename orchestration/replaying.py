"""Replay quarantined rows outside a run, under the workspace's lock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from workspace.locking import run_lock

if TYPE_CHECKING:
    from ingestion.replaying import ReplayResult
    from workspace.workspace import Workspace


def replay_rows(
    workspace: Workspace, *, feed: str | None, ids: Iterable[str] | None, corrections: Path | None
) -> ReplayResult:
    """Land waiting rows again in the name of the run that is unfinished, or of one of this minute.

    Raises:
        ConfigError: the corrections are not readable, or a row asked for never was in quarantine.
        WorkspaceLocked: a run is at work.
    """
    from ingestion.quarantine import replay
    from workspace.runs import Run, unfinished_run

    with run_lock(workspace):
        instant = workspace.settings.as_of or datetime.now(UTC).replace(second=0)
        run = unfinished_run(workspace) or Run.at(instant)
        return replay(workspace, run, feed=feed, ids=ids, corrections=corrections)
