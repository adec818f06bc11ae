"""What starts a run without a person: a file dropped in the landing folder, or the clock."""

from __future__ import annotations

import dagster as dg

from orchestration.jobs import RUN_ALL
from orchestration.resources import WORKSPACE_VARIABLE


def landing_sensor() -> dg.SensorDefinition:
    """Return the sensor that starts a run when the landing folder holds something new.

    The cursor is a digest of names, sizes and modification times: no file is opened. A file still being written
    changes the digest again, and waits for the tick on which two digests agree.
    """

    @dg.sensor(
        name="on_landed_file",
        job_name=RUN_ALL,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="A file dropped in the landing folder starts a run once it stops changing.",
    )
    def on_landed_file(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        import os

        from ingestion.arrivals import LandingWatch
        from workspace.workspace import Workspace

        watch = LandingWatch.resume(Workspace.open(os.environ.get(WORKSPACE_VARIABLE, "demo")), context.cursor)
        if not watch.has_settled_news:
            context.update_cursor(watch.cursor)
            return dg.SkipReason(watch.reason)
        return dg.SensorResult(run_requests=[dg.RunRequest(run_key=watch.digest)], cursor=watch.acknowledged)

    return on_landed_file


def daily_schedule() -> dg.ScheduleDefinition:
    """Return the schedule of the whole run; it is off until someone turns it on in the UI."""
    return dg.ScheduleDefinition(
        name="daily_run_all",
        job_name=RUN_ALL,
        cron_schedule="0 5 * * *",
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="The whole run, every day at five; turn it on where no scheduler outside starts runs.",
    )
