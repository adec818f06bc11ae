"""The one resource of the graph: a pipeline on a workspace that is locked for as long as the run lasts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import dagster as dg

from orchestration.configuration import check_configuration
from orchestration.pipeline import Pipeline
from orchestration.progress import Observer, Silent
from workspace.locking import run_lock
from workspace.runs import begin_run
from workspace.workspace import Workspace

WORKSPACE_VARIABLE = "UNAVISTA_WORKSPACE"
# A run started in the UI or by the sensor waits this long for one that a person started.
WAIT_SECONDS = 600.0


def workspace_folder() -> Path:
    """Return the folder that the environment names, or the current one."""
    return Path(os.environ.get(WORKSPACE_VARIABLE) or ".")


@contextmanager
def locked_pipeline(
    workspace: Workspace, *, as_of: datetime | None, wait_seconds: float, observer: Observer | None = None
) -> Iterator[Pipeline]:
    """Hold the workspace and record the run when the block ends, however it ends.

    Raises:
        ConfigErrors: the configuration is not valid; nothing was begun.
        WorkspaceLocked: another process still holds the workspace after `wait_seconds`.
    """
    check_configuration(workspace)
    with run_lock(workspace, wait_seconds=wait_seconds):
        run = begin_run(workspace, as_of)
        pipeline = Pipeline(workspace, run, observer or Silent(), is_exact=as_of is not None)
        try:
            yield pipeline
        finally:
            pipeline.record()


@dg.resource(
    config_schema={"as_of": dg.Field(str, is_required=False, description="Instant of the run, with offset.")},
    description="The workspace, held for this run.",
)
def pipeline_resource(context: dg.InitResourceContext) -> Iterator[Pipeline]:
    """Provide the run's pipeline; with the in-process executor it lives as long as the Dagster run."""
    text = context.resource_config.get("as_of")
    as_of = datetime.fromisoformat(text) if text else None
    with locked_pipeline(Workspace.open(workspace_folder()), as_of=as_of, wait_seconds=WAIT_SECONDS) as pipeline:
        yield pipeline
