"""Assets of the dbt project: one for each model, built by one dbt invocation inside the run's process."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from dbt_project.graph import ModelNode, load_graph
from orchestration.identity_assets import identity_key
from orchestration.lake_assets import lake_key
from orchestration.resources import WorkspaceRun


def model_key(node: ModelNode) -> dg.AssetKey:
    """Return the asset key of a dbt model: its layer and its name."""
    return dg.AssetKey([node.layer, node.name])


def mart_assets() -> dg.AssetsDefinition:
    """Return the one step that builds every model, read from the committed graph so that loading costs no dbt parse."""
    nodes = load_graph()
    keys = {node.name: model_key(node) for node in nodes}
    tested = [node for node in nodes if node.test_count]

    @dg.multi_asset(
        name="build_models",
        specs=[
            dg.AssetSpec(
                keys[node.name],
                description=node.description,
                group_name=node.layer,
                kinds={"dbt", "duckdb"},
                owners=["team:analytics"],
                tags={"access": node.access},
                deps=[
                    *(keys[parent] for parent in node.model_parents),
                    *(
                        (identity_key if source == "identity" else lake_key)(table)
                        for source, table in node.source_parents
                        if source in ("identity", "lake")
                    ),
                ],
            )
            for node in nodes
        ],
        check_specs=[
            dg.AssetCheckSpec(
                "tests_pass",
                asset=keys[node.name],
                blocking=True,
                description="dbt tests of error severity on this model.",
            )
            for node in tested
        ],
    )
    def build_models(
        context: dg.AssetExecutionContext, workspace_run: WorkspaceRun
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        from dbt_project.build import build
        from quality.dbt_results import record_dbt_results
        from quality.fingerprint import is_unchanged
        from quality.verdict import record_stop

        workspace, run = workspace_run.workspace, workspace_run.run
        if is_unchanged(workspace, run):
            for node in nodes:
                yield dg.MaterializeResult(asset_key=keys[node.name], metadata={"unchanged": True})
            for node in tested:
                yield dg.AssetCheckResult(asset_key=keys[node.name], check_name="tests_pass", passed=True)
            return
        result = build(workspace, run)
        record_dbt_results(workspace, run, result)
        if result.failures:
            record_stop(workspace, run)
        for node in nodes:
            built = result.models.get(node.name)
            if built is None or built.status != "success":
                continue
            yield dg.MaterializeResult(asset_key=keys[node.name], metadata={"seconds": built.seconds})
        for node in tested:
            failed = result.failed_tests(node.name)
            yield dg.AssetCheckResult(
                asset_key=keys[node.name],
                check_name="tests_pass",
                passed=not failed,
                metadata={"tests": node.test_count, "failed": len(failed)},
                description="; ".join(f"{test.name}: {test.failures} rows" for test in failed) or None,
            )
        if result.failures:
            raise dg.Failure(
                "dbt build failed: " + "; ".join(f"{n.name}: {n.message}" for n in result.failures[:10]),
                allow_retries=False,
            )

    return build_models
