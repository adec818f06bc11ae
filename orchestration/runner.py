"""Run the whole job in this process, recorded in the workspace's Dagster instance, and show how far it is."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from workspace.workspace import Workspace

if TYPE_CHECKING:
    from dagster import DagsterInstance, EventLogRecord


@dataclass
class RunProgress:
    """What the person watching is told; `notify` is called once for each event."""

    notify: Callable[[str, str], None]
    total: int = 0
    done: int = 0
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended."""

    succeeded: bool
    dagster_run_id: str
    seconds: float
    load_seconds: float
    failures: tuple[str, ...]


def run_job(
    workspace: Workspace,
    job_name: str,
    *,
    as_of: datetime | None = None,
    wait_seconds: float = 0.0,
    progress: RunProgress,
) -> RunOutcome:
    """Execute a job in process; its events and checks are in the UI afterwards.

    Errors inside steps become failures of the outcome; they are not raised.
    """
    from orchestration.instance import dagster_environment

    os.environ.update(dagster_environment(workspace))
    started = time.monotonic()
    import dagster as dg

    from orchestration.build import build_definitions
    from orchestration.resources import WorkspaceRun

    resource = WorkspaceRun(
        path=str(workspace.root), as_of=as_of.isoformat() if as_of else None, wait_seconds=wait_seconds
    )
    definitions = build_definitions(resource_overrides={"workspace_run": resource})
    job = definitions.resolve_job_def(job_name)
    progress.total = len(job.asset_layer.selected_asset_keys)
    loaded = time.monotonic() - started
    run_id = str(uuid.uuid4())
    with dg.DagsterInstance.get() as instance:
        watcher = _Watcher(instance, run_id, progress)
        watcher.start()
        try:
            result = job.execute_in_process(
                instance=instance,
                run_id=run_id,
                raise_on_error=False,
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            )
        finally:
            watcher.finish()
    return RunOutcome(result.success, run_id, time.monotonic() - started, loaded, tuple(progress.failures))


class _Watcher(threading.Thread):
    """Poll the event log, so that what is shown is what the UI will show."""

    def __init__(self, instance: DagsterInstance, run_id: str, progress: RunProgress) -> None:
        super().__init__(daemon=True)
        self._instance, self._run_id, self._progress = instance, run_id, progress
        self._stopping = threading.Event()

    def finish(self) -> None:
        self._stopping.set()
        self.join()

    def run(self) -> None:
        cursor: str | None = None
        while True:
            last = self._stopping.is_set()
            page = self._instance.get_records_for_run(self._run_id, cursor=cursor)
            cursor = page.cursor
            for record in page.records:
                self._tell(record)
            if last and not page.has_more:
                return
            if not last:
                self._stopping.wait(0.3)

    def _tell(self, record: EventLogRecord) -> None:
        from dagster import DagsterEventType

        event: Any = record.event_log_entry.dagster_event
        if event is None:
            return
        progress = self._progress
        if event.event_type == DagsterEventType.ASSET_MATERIALIZATION:
            progress.done += 1
            progress.notify("asset", event.asset_key.to_user_string())
        elif event.event_type == DagsterEventType.STEP_START:
            progress.notify("step", event.step_key)
        elif event.event_type == DagsterEventType.ASSET_CHECK_EVALUATION:
            check = event.asset_check_evaluation_data
            if not check.passed:
                level = "failed" if check.severity.value == "ERROR" else "warned"
                line = f"{check.asset_key.to_user_string()}: {check.check_name}"
                if check.description:
                    line += f" — {check.description}"
                if level == "failed":
                    progress.failures.append(line)
                progress.notify(level, line)
        elif event.event_type == DagsterEventType.STEP_FAILURE:
            message = _step_error(event)
            progress.failures.append(f"{event.step_key}: {message}")
            progress.notify("failed", f"{event.step_key}: {message}")
        elif event.event_type in (DagsterEventType.PIPELINE_FAILURE, DagsterEventType.RESOURCE_INIT_FAILURE):
            if not progress.failures:
                progress.failures.append(_run_error(event))


def _step_error(event: Any) -> str:
    error = event.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return _first_line(error.message if error else "failed")


def _run_error(event: Any) -> str:
    error = getattr(event.event_specific_data, "error", None)
    while error is not None and error.cause is not None:
        error = error.cause
    return _first_line(error.message) if error else (event.message or "the run failed")


def _first_line(message: str) -> str:
    text = message.strip()
    for prefix in ("workspace.errors.", "dagster._core.errors.", "dagster._core.definitions.events."):
        text = text.removeprefix(prefix)
    return text
