"""Run a workspace in this process, recorded in its Dagster instance, and say how it ended."""

from __future__ import annotations

import logging
import os
import time
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.jobs import ACTIVATE_AUDIENCES, RUN_PIPELINE
from quality.suites import suites_made_ready
from workspace.errors import UnavistaError

if TYPE_CHECKING:
    from dagster import Definitions, ExecuteInProcessResult

    from orchestration.pipeline import Pipeline, Status
    from orchestration.progress import Observer
    from workspace.workspace import Workspace

EXIT_CODES: dict[Status, int] = {"pass": 0, "partial": 0, "error": 1, "hold": 2, "stop": 3}
# Great Expectations tells of each temporary folder. Dagster warns that the steps it skips gave no check result, which
# is how a run with nothing new ends.
_NOISY = ("great_expectations.data_context.types.base", "alembic", "dagster._core.execution.plan.active")
# Only what is said here is shown; the events are in the UI.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class StepFailed(UnavistaError):
    """A step of the Dagster run failed outside the pipeline itself."""


@dataclass(frozen=True)
class RunReport:
    """How a run ended, for a person and for a script."""

    run_id: str
    as_of: datetime
    status: Status
    reasons: tuple[str, ...]
    is_unchanged: bool
    seconds: float
    cpu_seconds: float
    """CPU time of the whole process so far, all threads."""
    step_seconds: dict[str, float]
    step_cpu_seconds: dict[str, float]
    publication: str | None
    report: Path | None
    dagster_run_id: str
    error: BaseException | None = None

    @property
    def exit_code(self) -> int:
        """Return 0 for pass, 1 for an error, 2 for hold, 3 for stop."""
        return EXIT_CODES[self.status]

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return {
            "run_id": self.run_id,
            "as_of": self.as_of.isoformat(),
            "status": self.status,
            "reasons": list(self.reasons),
            "is_unchanged": self.is_unchanged,
            "seconds": round(self.seconds, 2),
            "cpu_seconds": round(self.cpu_seconds, 2),
            "step_seconds": {name: round(value, 2) for name, value in self.step_seconds.items()},
            "step_cpu_seconds": {name: round(value, 2) for name, value in self.step_cpu_seconds.items()},
            "publication": self.publication,
            "report": str(self.report) if self.report else None,
            "dagster_run_id": self.dagster_run_id,
            "exit_code": self.exit_code,
        }


def run_workspace(
    workspace: Workspace,
    *,
    as_of: datetime | None = None,
    wait_seconds: float = 0,
    activate: bool = True,
    observer: Observer | None = None,
) -> RunReport:
    """Carry out a run and return how it ended; errors inside steps are part of the report, not raised.

    A run that was killed is taken up where its journal says; what it had finished is found again and not redone twice.

    Raises:
        ConfigErrors: the configuration is not valid; nothing was begun.
        WorkspaceLocked: another run holds the workspace.
    """
    started = time.perf_counter()
    # Before Dagster is imported: two cores then import at the same time.
    with suites_made_ready(early=_has_news(workspace, as_of)):
        from orchestration.build import build_definitions
        from orchestration.instance import dagster_environment
        from orchestration.resources import locked_pipeline

        os.environ.update(dagster_environment(workspace))
        with locked_pipeline(workspace, as_of=as_of, wait_seconds=wait_seconds, observer=observer) as pipeline:
            definitions = build_definitions(workspace, resource_overrides=_held(pipeline))
            dagster_run_id = execute(definitions, RUN_PIPELINE, pipeline, activate=activate)
            if activate and pipeline.is_idle and has_syncs(definitions):
                dagster_run_id = execute(definitions, ACTIVATE_AUDIENCES, pipeline)
    return report_of(pipeline, time.perf_counter() - started, dagster_run_id)


def _has_news(workspace: Workspace, as_of: datetime | None) -> bool:
    from ingestion.arrivals import arrived_since
    from quality.publications import published_moment
    from workspace.runs import Run

    instant = as_of or workspace.settings.as_of
    return arrived_since(workspace, Run.at(instant) if instant else None, published_moment(workspace))


def report_of(pipeline: Pipeline, seconds: float, dagster_run_id: str = "") -> RunReport:
    """Return the report of a recorded pipeline."""
    from quality.publications import current_publication

    current = current_publication(pipeline.workspace)
    return RunReport(
        run_id=pipeline.run.run_id,
        as_of=pipeline.run.as_of,
        status=pipeline.status,
        reasons=pipeline.reasons,
        is_unchanged=pipeline.is_idle,
        seconds=seconds,
        cpu_seconds=time.process_time(),
        step_seconds=dict(pipeline.seconds),
        step_cpu_seconds=dict(pipeline.cpu_seconds),
        publication=current.publication_id if current else None,
        report=pipeline.report or (current.folder / "report.html" if current else None),
        dagster_run_id=dagster_run_id,
        error=pipeline.error,
    )


def execute(definitions: Definitions, job_name: str, pipeline: Pipeline, *, activate: bool = True) -> str:
    """Execute a job in this process and return the identifier under which the UI shows it."""
    import dagster as dg

    job = definitions.resolve_job_def(job_name)
    selection = None
    if not activate:
        graph = definitions.resolve_asset_graph()
        chosen = (dg.AssetSelection.all() - dg.AssetSelection.groups("activation")).resolve(graph)
        selection = sorted(chosen)
    run_id = str(uuid.uuid4())
    for name in _NOISY:
        # A filter and not a level: Great Expectations sets the level of this logger itself when it is imported.
        logging.getLogger(name).addFilter(lambda record: record.levelno >= logging.ERROR)
    with dg.DagsterInstance.get() as instance:
        result = job.execute_in_process(
            instance=instance, run_id=run_id, raise_on_error=False, run_config=_QUIET, asset_selection=selection
        )
    if not result.success and pipeline.status in ("pass", "partial") and not pipeline.found_fault:
        pipeline.error = StepFailed(_first_failure(result))
    return run_id


def has_syncs(definitions: Definitions) -> bool:
    """Tell whether the job that only activates exists."""
    return any(job.name == ACTIVATE_AUDIENCES for job in definitions.jobs or ())


def _held(pipeline: Pipeline) -> dict[str, Any]:
    import dagster as dg

    return {"pipeline": dg.ResourceDefinition.hardcoded_resource(pipeline)}


def _first_failure(result: ExecuteInProcessResult) -> str:
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            while error is not None and error.cause is not None:
                error = error.cause
            name = (error.cls_name if error is not None else None) or "failure"
            # What Dagster says about the graph, and what our own steps say, holds no data; other texts might.
            told = f": {error.message.strip()}" if error is not None and name.startswith(("Dagster", "Failure")) else ""
            return f"step {event.step_key} failed with {name}{told}; look at the run in `unavista dev`"
    return "the Dagster run failed before its first step; look at it in `unavista dev`"
