"""Assets of the dbt project: one for each model, built by one dbt invocation inside the run's process.

The specs come from dbt's manifest. dagster-dbt's own decorator makes an asset check of every test; with hundreds of
tests the event log then takes longer than the tests do, so a model has one check that holds all of its tests.
"""

# Dagster reads the annotations of a step as objects, so this module does not postpone them.
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster import AssetExecutionContext

from orchestration.asset_keys import FRESH, feed_key, identity_key, model_key
from orchestration.metadata import markdown_table, report_link
from orchestration.model_graph import ModelNode
from orchestration.pipeline import Pipeline

if TYPE_CHECKING:
    from data_contracts.loader import Contract
    from dbt_project.building import BuildResult, NodeResult

CHECK = "tests_pass"
_SHOWN = 40


def model_assets(nodes: Sequence[ModelNode], contracts: "Mapping[str, Contract]") -> dg.AssetsDefinition:
    """Return the step that builds the models, with an asset for each and a blocking check for each tested one."""
    keys = {node.unique_id: model_key(node.layer, node.name) for node in nodes}

    @dg.multi_asset(
        name="build_models",
        specs=[_spec(node, keys, contracts) for node in nodes],
        check_specs=[
            dg.AssetCheckSpec(
                CHECK,
                asset=keys[node.unique_id],
                blocking=True,
                description=f"The {len(node.tests)} dbt tests of this model find no row.",
            )
            for node in nodes
            if node.tests
        ],
        can_subset=True,
    )
    def build_models(
        context: AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        chosen = [node for node in nodes if keys[node.unique_id] in context.selected_asset_keys]
        whole = len(chosen) == len(nodes)
        result = pipeline.build(None if whole else [node.name for node in chosen])
        yield from _outcomes(pipeline, chosen, keys, result, context.selected_asset_check_keys)
        if not result.is_good:
            raise dg.Failure(
                "not built: " + "; ".join(node.message for node in result.failures[:10]), allow_retries=False
            )

    return build_models


def _spec(node: ModelNode, keys: Mapping[str, dg.AssetKey], contracts: "Mapping[str, Contract]") -> dg.AssetSpec:
    reads = [keys[parent] for parent in node.parents]
    for source, table in node.sources:
        reads.append(feed_key(contracts[table]) if source == "lake" else identity_key(table))
    columns = [
        dg.TableColumn(column["name"], column["data_type"] or "?", description=column["description"] or None)
        for column in node.columns
    ]
    return dg.AssetSpec(
        keys[node.unique_id],
        description=node.description,
        group_name=node.layer,
        kinds={"dbt", "duckdb"},
        owners=["team:analytics"],
        tags={"domain": node.domain, "access": node.access} | ({"pii": "quasi"} if node.has_personal_data else {}),
        metadata={"dagster/column_schema": dg.TableSchema(columns=columns), "dbt_unique_id": node.unique_id},
        deps=list(dict.fromkeys(reads)),
        freshness_policy=FRESH if node.layer == "marts" else None,
    )


def _outcomes(
    pipeline: Pipeline,
    chosen: Sequence[ModelNode],
    keys: Mapping[str, dg.AssetKey],
    result: "BuildResult",
    wanted_checks: Any,
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    from orchestration.previews import built_tables

    finished = {node.unique_id: node for node in result.nodes}
    tables = built_tables(pipeline.workspace, chosen)
    for node in chosen:
        key, built = keys[node.unique_id], finished.get(node.unique_id)
        if built is not None and built.status == "success":
            metadata: dict[str, Any] = {"seconds": built.seconds}
            if node.unique_id in tables:
                rows, preview = tables[node.unique_id]
                metadata["dagster/row_count"] = rows
                if preview:
                    metadata["preview_without_personal_data"] = markdown_table(preview)
            yield dg.MaterializeResult(asset_key=key, metadata=metadata)
        if node.tests and dg.AssetCheckKey(key, CHECK) in wanted_checks:
            tests = [finished[test] for test in node.tests if test in finished]
            yield _check(key, tests, built, pipeline.report_path)


def _check(
    key: dg.AssetKey, tests: "Sequence[NodeResult]", built: "NodeResult | None", report: Path
) -> dg.AssetCheckResult:
    failed = [one for one in tests if one.is_bad] + ([built] if built is not None and built.is_bad else [])
    warned = [one for one in tests if one.status == "warn"]
    skipped = [one for one in tests if one.status == "skipped"] if built is None or built.status != "success" else []
    shown = [*failed, *warned, *(one for one in tests if one not in failed and one not in warned)][:_SHOWN]
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=CHECK,
        passed=not failed and not warned and not skipped,
        severity=dg.AssetCheckSeverity.ERROR if failed or skipped else dg.AssetCheckSeverity.WARN,
        metadata={
            "tests": len(tests),
            "failed": len(failed),
            "failing_rows": sum(one.failures for one in failed),
            "tests_run": markdown_table(
                [{"test": one.name, "status": one.status, "rows": one.failures, "why": one.message} for one in shown],
                empty="no test of this model was run",
            ),
            **(report_link(report) if failed or warned else {}),
        },
        description="; ".join(one.message for one in failed[:5]) or ("not built, not tested" if skipped else None),
    )
