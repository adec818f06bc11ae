"""Freshness of what people read: the publication, not every model before it."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

from orchestration.quality_assets import PUBLICATION


def freshness_checks() -> tuple[list[dg.AssetChecksDefinition], dg.SensorDefinition]:
    """Return the check that the publication is younger than a day and a half, and the sensor that evaluates it."""
    checks = list(
        dg.build_last_update_freshness_checks(assets=[PUBLICATION], lower_bound_delta=timedelta(hours=36))
    )
    return checks, dg.build_sensor_for_freshness_checks(freshness_checks=checks, minimum_interval_seconds=900)
