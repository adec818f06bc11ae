"""The two jobs: the whole run, and activation alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dagster as dg

RUN_PIPELINE = "run_pipeline"
ACTIVATE_AUDIENCES = "activate_audiences"


def jobs(*, with_activation: bool) -> list[dg.UnresolvedAssetJobDefinition]:
    """Return the jobs of the code location; activation alone exists only where a sync is configured."""
    import dagster as dg

    whole = dg.define_asset_job(
        RUN_PIPELINE,
        selection=dg.AssetSelection.all(),
        description="Land, check, resolve, build, audit, publish, activate.",
    )
    activation = dg.define_asset_job(
        ACTIVATE_AUDIENCES,
        selection=dg.AssetSelection.groups("activation"),
        description="Send from the publication that stands, when its verdict opens the gate.",
    )
    return [whole, activation] if with_activation else [whole]
