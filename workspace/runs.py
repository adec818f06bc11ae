"""A run is an identifier and the instant it looks from; nothing downstream reads the clock."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from workspace.atomic import write_text_atomic
from workspace.errors import ConfigError

if TYPE_CHECKING:
    from workspace.workspace import Workspace

_RUN_ID = re.compile(r"^run-\d{8}T\d{6}Z$")


@dataclass(frozen=True)
class Run:
    """One run: same code, configuration, lake and `as_of` give the same marts."""

    run_id: str
    as_of: datetime

    @classmethod
    def at(cls, as_of: datetime) -> Run:
        """Make the run of an instant; its identifier is derived from it, so a redo is the same run.

        Raises:
            ConfigError: `as_of` has no time zone.
        """
        if as_of.tzinfo is None:
            raise ConfigError("as_of has no time zone", expected="an instant with offset, such as 2026-01-31T05:00:00Z")
        instant = as_of.astimezone(UTC).replace(microsecond=0)
        return cls(f"run-{instant:%Y%m%dT%H%M%SZ}", instant)

    @classmethod
    def from_id(cls, run_id: str) -> Run:
        """Rebuild a run from its identifier."""
        if not _RUN_ID.match(run_id):
            raise ConfigError(f"not a run identifier: {run_id!r}", expected="run-YYYYMMDDTHHMMSSZ")
        return cls.at(datetime.strptime(run_id, "run-%Y%m%dT%H%M%SZ").replace(tzinfo=UTC))

    @property
    def as_of_naive(self) -> datetime:
        """Return the instant as naive UTC, the form every timestamp column has."""
        return self.as_of.replace(tzinfo=None)


def unfinished_run(workspace: Workspace) -> Run | None:
    """Return the run that a crash left behind, if there is one."""
    try:
        record = json.loads(workspace.run_file.read_text(encoding="utf-8"))
        return Run.from_id(record["run_id"])
    except (FileNotFoundError, json.JSONDecodeError, KeyError):
        return None


def begin_run(workspace: Workspace, as_of: datetime | None = None) -> Run:
    """Return the run to carry out: the given instant, the one left unfinished, the workspace's, or this minute.

    An unfinished run is taken up only when no other instant was asked for, so that the same command after a crash
    finishes what it began.
    """
    instant = as_of or workspace.settings.as_of
    if instant is None:
        left = unfinished_run(workspace)
        run = left or Run.at(datetime.now(UTC).replace(second=0))
    else:
        run = Run.at(instant)
    write_text_atomic(workspace.run_file, json.dumps({"run_id": run.run_id, "as_of": run.as_of.isoformat()}))
    return run


def finish_run(workspace: Workspace) -> None:
    """Forget the run in progress: it ended, well or refused, and the next command starts a new one."""
    workspace.run_file.unlink(missing_ok=True)
