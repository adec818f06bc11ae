"""Build the Definitions, with overrides so that tests can swap parts. No asset or resource is implemented here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from orchestration.activation_assets import activation_assets
from orchestration.automation import daily_schedule, landing_sensor
from orchestration.freshness import freshness_checks
from orchestration.identity_assets import identity_assets
from orchestration.jobs import jobs
from orchestration.lake_assets import lake_assets
from orchestration.mart_assets import mart_assets
from orchestration.quality_assets import quality_assets
from orchestration.resources import WorkspaceRun


def build_definitions(*, resource_overrides: Mapping[str, Any] | None = None) -> dg.Definitions:
    """Return a fresh `Definitions` of the whole house.

    Steps run in one process, one after the other: a step of its own process costs about two CPU seconds before it
    does anything, and two processes cannot hold the warehouse file open for writing.
    """
    assets = [*lake_assets(), identity_assets(), mart_assets(), *quality_assets(), *activation_assets()]
    checks, freshness_sensor = freshness_checks()
    return dg.Definitions(
        assets=assets,
        asset_checks=checks,
        jobs=jobs(),
        sensors=[landing_sensor(), freshness_sensor],
        schedules=[daily_schedule()],
        resources={"workspace_run": WorkspaceRun(), **(resource_overrides or {})},
        executor=dg.in_process_executor,
    )
