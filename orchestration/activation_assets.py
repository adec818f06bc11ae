"""Assets of activation: the exports, behind the gate."""

from __future__ import annotations

import dagster as dg

from orchestration.metadata import markdown_table
from orchestration.quality_assets import PUBLICATION, VERDICT
from orchestration.resources import WorkspaceRun

EXPORTS = dg.AssetKey(["activation", "exports"])


def activation_assets() -> list[dg.AssetsDefinition]:
    """Return the asset that carries out every sync of the workspace."""

    @dg.asset(
        key=EXPORTS,
        group_name="activation",
        deps=[PUBLICATION, VERDICT],
        owners=["team:marketing-operations"],
        description="Consented audiences sent to their destinations as differences from what was sent before.",
    )
    def exports(workspace_run: WorkspaceRun) -> dg.MaterializeResult[None]:
        from activation.syncs import activate
        from quality.publishing import refresh_operations
        from workspace.runs import finish_run

        workspace, run = workspace_run.workspace, workspace_run.run
        result = activate(workspace, run)
        refresh_operations(workspace)
        finish_run(workspace)
        return dg.MaterializeResult(
            metadata={"syncs": markdown_table(result.summary_rows()), "rows_delivered": result.delivered_count}
        )

    return [exports]
