"""The one resource of the graph: a workspace, held for the length of a run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import dagster as dg
from pydantic import Field, PrivateAttr

from workspace.locking import run_lock
from workspace.runs import Run, begin_run
from workspace.workspace import Workspace

WORKSPACE_VARIABLE = "UNAVISTA_WORKSPACE"
AS_OF_VARIABLE = "UNAVISTA_AS_OF"


class WorkspaceRun(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Open the workspace, take its lock, and settle the run's instant before the first step.

    With the in-process executor the resource lives as long as the Dagster run, so the lock does too. A second run
    waits `wait_seconds` and is then refused with the holder's name.
    """

    path: str = Field(default_factory=lambda: os.environ.get(WORKSPACE_VARIABLE, "demo"))
    as_of: str | None = Field(default_factory=lambda: os.environ.get(AS_OF_VARIABLE))
    wait_seconds: float = 600.0

    _workspace: Workspace | None = PrivateAttr(default=None)
    _run: Run | None = PrivateAttr(default=None)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[WorkspaceRun]:
        """Hold the workspace while the run's steps execute."""
        workspace = Workspace.open(self.path)
        with run_lock(workspace, wait_seconds=self.wait_seconds):
            self._workspace = workspace
            self._run = begin_run(workspace, datetime.fromisoformat(self.as_of) if self.as_of else None)
            yield self

    @property
    def workspace(self) -> Workspace:
        """Return the open workspace."""
        if self._workspace is None:
            self._workspace = Workspace.open(self.path)
        return self._workspace

    @property
    def run(self) -> Run:
        """Return the run that the workspace is in."""
        if self._run is None:
            self._run = begin_run(self.workspace)
        return self._run
