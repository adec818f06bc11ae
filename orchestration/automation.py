"""What starts a run without a person: a file dropped in the landing folder, or the clock."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import dagster as dg

from orchestration.jobs import RUN_PIPELINE

if TYPE_CHECKING:
    from workspace.workspace import Workspace

_HIDDEN = (".", "_")
_UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart")


def landing_sensor(workspace: Workspace) -> dg.SensorDefinition:
    """Return the sensor that starts a run when the landing folder holds something new.

    A file still being written changes the folder's digest at each tick, and waits for the tick at which two digests
    agree. What the cursor holds was either run or was there when the sensor first looked at an empty history.
    """

    @dg.sensor(
        name="on_landing_file",
        job_name=RUN_PIPELINE,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="A file dropped in the landing folder starts a run once it stops changing.",
    )
    def on_landing_file(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        digest = landing_digest(workspace)
        seen = json.loads(context.cursor) if context.cursor else {}
        if digest is None or digest == seen.get("run"):
            return dg.SkipReason("nothing new in the landing folder")
        if digest != seen.get("last"):
            context.update_cursor(json.dumps({**seen, "last": digest}))
            return dg.SkipReason("something new arrived; waiting until it stops changing")
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=f"landing-{digest}")],
            cursor=json.dumps({"run": digest, "last": digest}),
        )

    return on_landing_file


def landing_digest(workspace: Workspace) -> str | None:
    """Return a digest of names, sizes and modification times of the landed files; None when there are none.

    No file is opened. What activation writes for itself does not count: it would start runs for ever.
    """
    own = workspace.landing / "activation"
    lines = []
    for path in sorted(workspace.landing.rglob("*")):
        if path.name.startswith(_HIDDEN) or path.name.endswith(_UNFINISHED) or own in path.parents:
            continue
        if path.is_file():
            stat = path.stat()
            lines.append(f"{path.relative_to(workspace.landing)}\x1f{stat.st_size}\x1f{stat.st_mtime_ns}")
    return hashlib.sha256("\x1e".join(lines).encode()).hexdigest()[:32] if lines else None


def daily_schedule(workspace: Workspace) -> dg.ScheduleDefinition:
    """Return the schedule of the whole run, at the workspace's hour; it is off until someone turns it on in the UI."""
    settings = workspace.settings
    return dg.ScheduleDefinition(
        name="daily_run_pipeline",
        job_name=RUN_PIPELINE,
        cron_schedule=settings.schedule,
        execution_timezone=settings.timezone,
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="The whole run by the clock; turn it on where no scheduler outside starts runs.",
    )
