"""Land rows and batches again outside a run, under the workspace's lock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from workspace.locking import run_lock

if TYPE_CHECKING:
    from ingestion.relanding import RelandResult
    from ingestion.replaying import ReplayResult
    from workspace.runs import Run
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

    with run_lock(workspace):
        return replay(workspace, _run(workspace), feed=feed, ids=ids, corrections=corrections)


def reland_feeds(workspace: Workspace, names: Iterable[str] = ()) -> dict[str, RelandResult]:
    """Land the outdated batches of feeds again, and return what became of them by contract; all feeds if none is named.

    Feeds of one contract go together, because a row that one left out may be the repeat of another's.

    Raises:
        ConfigError: a feed is not known, or a configuration is wrong; nothing is changed then.
        WorkspaceLocked: a run is at work.
    """
    from ingestion.feeds import load_feeds
    from ingestion.relanding import reland
    from workspace.errors import ConfigError

    contracts = {feed.name: feed.config.contract for feed in load_feeds(workspace)}
    if unknown := sorted(set(names) - contracts.keys()):
        raise ConfigError(f"there is no feed {unknown[0]!r}", expected=", ".join(sorted(contracts)) or None)
    chosen = sorted({contracts[name] for name in names or contracts})
    with run_lock(workspace):
        run = _run(workspace)
        return {contract: reland(workspace, run, contract) for contract in chosen}


def _run(workspace: Workspace) -> Run:
    from workspace.runs import Run, unfinished_run

    instant = workspace.settings.as_of or datetime.now(UTC).replace(second=0)
    return unfinished_run(workspace) or Run.at(instant)
