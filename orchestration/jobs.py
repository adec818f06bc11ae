"""The two jobs: the whole run, and activation alone."""

from __future__ import annotations

import dagster as dg

RUN_ALL = "run_all"
RUN_ACTIVATION = "run_activation"


def jobs() -> list[dg.UnresolvedAssetJobDefinition]:
    """Return the jobs of the code location."""
    return [
        dg.define_asset_job(
            RUN_ALL,
            selection=dg.AssetSelection.all(),
            description="Land, check, resolve, build, audit, publish, activate.",
        ),
        dg.define_asset_job(
            RUN_ACTIVATION,
            selection=dg.AssetSelection.groups("activation"),
            description="Send from the publication that stands, when its verdict is pass.",
        ),
    ]
