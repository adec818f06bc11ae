"""Assets of the audit and of publication: the one door between the marts and anyone who reads them."""

# Dagster reads the annotations of a step as objects, so this module does not postpone them.
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import dagster as dg
from dagster import AssetExecutionContext

from orchestration.asset_keys import CROSSWALK, FRESH, GATE, PUBLICATION, model_key
from orchestration.metadata import check_result, described, markdown_table, numbers, report_link
from orchestration.pipeline import Pipeline

if TYPE_CHECKING:
    from orchestration.model_graph import ModelNode
    from quality.results import CheckResult

# Checks of the audit that are about the run as a whole, by the stage that quality records them under.
_STAGES = {
    "balances_hold": ("balance", "Rows and money agree from the lake to the marts."),
    "identities_hold": ("identity", "Every record has one customer, and every customer of a mart exists."),
    "budgets_kept": ("budget", "Volume, ids and revenue moved no further from the last publication than allowed."),
}
VERDICT = "verdict_opens_the_gate"


def quality_assets(nodes: "Sequence[ModelNode]") -> list[dg.AssetsDefinition | dg.AssetChecksDefinition]:
    """Return the audit's checks on the marts, the gate and the publication, in the order in which they run."""
    marts = [node for node in nodes if node.layer in ("marts", "restricted")]
    return [_mart_checks(marts), _gate(marts), _publication()]


def _mart_checks(marts: "Sequence[ModelNode]") -> dg.AssetChecksDefinition:
    """Return the contract check of every mart: shown on the mart, decided by the verdict.

    They do not block by themselves: the gate has to run, or nobody would see a verdict.
    """
    names = {f"{node.schema}.{node.name}": model_key(node.layer, node.name) for node in marts}

    @dg.multi_asset_check(
        name="audit_marts",
        specs=[
            dg.AssetCheckSpec("contract_holds", asset=key, description="The built rows obey the contract of the mart.")
            for key in names.values()
        ],
    )
    def audit_marts(pipeline: dg.ResourceParam[Pipeline]) -> Iterator[dg.AssetCheckResult]:
        pipeline.audit()
        report = pipeline.report_path
        found = audit_results(pipeline, "contract")
        for subject, key in names.items():
            yield check_result(key, "contract_holds", [one for one in found if one.subject == subject], report=report)

    return audit_marts


def _gate(marts: "Sequence[ModelNode]") -> dg.AssetsDefinition:
    @dg.asset(
        key=GATE,
        group_name="quality",
        deps=[model_key(node.layer, node.name) for node in marts],
        kinds={"greatexpectations", "duckdb"},
        owners=["team:data-engineering"],
        description="Pass, hold or stop, with reasons. Only a pass, or a hold that a person signed for, goes further.",
        check_specs=[
            *(dg.AssetCheckSpec(name, asset=GATE, description=text) for name, (_, text) in _STAGES.items()),
            dg.AssetCheckSpec(VERDICT, asset=GATE, blocking=True, description="The recorded verdict lets the run out."),
        ],
    )
    def activation_gate(context: AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> dg.MaterializeResult:
        verdict = pipeline.audit()
        context.log_event(observed_identities(pipeline))
        report = pipeline.report_path
        reasons = markdown_table([{"reason": one} for one in verdict.reasons], empty="none")
        checks = [
            check_result(GATE, name, audit_results(pipeline, stage), report=report)
            for name, (stage, _) in _STAGES.items()
        ]
        checks.append(
            dg.AssetCheckResult(
                asset_key=GATE,
                check_name=VERDICT,
                passed=verdict.opens_gate,
                severity=dg.AssetCheckSeverity.ERROR,
                metadata={"status": verdict.status, "reasons": reasons, **report_link(report)},
                description="; ".join(verdict.reasons[:5]) or None,
            )
        )
        signed = f"{verdict.signature.who}: {verdict.signature.why}" if verdict.signature else "nobody"
        return dg.MaterializeResult(
            metadata={"status": verdict.status, "reasons": reasons, "signed_by": signed, **report_link(report)},
            check_results=checks,
        )

    return activation_gate


def _publication() -> dg.AssetsDefinition:
    @dg.asset(
        key=PUBLICATION,
        group_name="quality",
        deps=[GATE],
        kinds={"duckdb", "parquet"},
        owners=["team:data-engineering"],
        freshness_policy=FRESH,
        description="The published view: one atomic swap of warehouse/current. Readers never see half a run.",
    )
    def publication(pipeline: dg.ResourceParam[Pipeline]) -> dg.MaterializeResult:
        published = pipeline.publish()
        rows = published.row_counts
        return dg.MaterializeResult(
            metadata={
                "publication": published.publication_id,
                "as_of": published.as_of.isoformat(),
                "folder": dg.MetadataValue.path(str(published.folder)),
                "dagster/row_count": sum(rows.values()),
                "tables": markdown_table([{"table": name, "rows": rows[name]} for name in sorted(rows)]),
                **report_link(published.folder / "report.html"),
            }
        )

    return publication


def observed_identities(pipeline: Pipeline) -> dg.AssetObservation:
    """Return what the audit found out about who is who, to be shown on the crosswalk, which was written before it.

    The figures that the resolution gave with its tables are in the words alone, so that none is plotted twice.
    """
    from quality.identity_metrics import read_identity_metrics
    from quality.operations_tables import quality_operations
    from quality.report_identity import describe_resolution

    with quality_operations(pipeline.workspace) as con:
        figures = read_identity_metrics(con, pipeline.run.run_id)
    told = pipeline.identity.metrics if pipeline.identity else {}
    return dg.AssetObservation(
        CROSSWALK,
        description="What the audit found out about who is who.",
        metadata={
            "resolution": described(describe_resolution(figures)),
            **numbers({name: value for name, value in figures.items() if name not in told}),
        },
    )


def audit_results(pipeline: Pipeline, stage: str) -> "list[CheckResult]":
    """Return the recorded checks of one stage of the audit."""
    from quality.operations_tables import quality_operations, read_checks

    with quality_operations(pipeline.workspace) as con:
        return read_checks(con, pipeline.run.run_id, stage=stage)
