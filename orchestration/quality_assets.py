"""Assets of the audit and of publication: the one door between the marts and anyone who reads them."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from data_contracts.loader import load_contracts
from orchestration.metadata import check_result, markdown_table
from orchestration.resources import WorkspaceRun

AUDIT = dg.AssetKey(["quality", "audit"])
VERDICT = dg.AssetKey(["quality", "verdict"])
PUBLICATION = dg.AssetKey(["quality", "publication"])


def quality_assets() -> list[dg.AssetsDefinition]:
    """Return audit, verdict and publication, in the order in which they run."""
    products = [contract.name for contract in load_contracts("products")]
    return [_audit(products), _verdict(), _publication()]


def _audit(products: list[str]) -> dg.AssetsDefinition:
    @dg.asset(
        key=AUDIT,
        group_name="quality",
        deps=[dg.AssetKey(["marts", name]) for name in products],
        kinds={"great_expectations", "duckdb"},
        owners=["team:data-engineering"],
        description="Checks of the built marts: contracts, balances from lake to marts, budgets against the last publication.",
        check_specs=[
            *(dg.AssetCheckSpec(f"{name}_contract_holds", asset=AUDIT, description=name) for name in products),
            dg.AssetCheckSpec("balances_hold", asset=AUDIT),
            dg.AssetCheckSpec("budgets_kept", asset=AUDIT),
        ],
    )
    def audit(workspace_run: WorkspaceRun) -> Iterator[dg.MaterializeResult[None]]:
        from quality.audit import audit_marts

        workspace, run = workspace_run.workspace, workspace_run.run
        outcome = audit_marts(workspace, run)
        checks = [
            check_result(AUDIT, f"{name}_contract_holds", outcome.marts.get(name, []), report=outcome.report)
            for name in products
        ]
        checks.append(check_result(AUDIT, "balances_hold", outcome.balances, report=outcome.report))
        checks.append(check_result(AUDIT, "budgets_kept", outcome.budgets, report=outcome.report))
        yield dg.MaterializeResult(
            metadata={
                "checks": len(outcome.all_results),
                "seconds": outcome.seconds,
                "report": dg.MetadataValue.url(outcome.report.as_uri()),
                "unchanged": outcome.unchanged,
            },
            check_results=checks,
        )

    return audit


def _verdict() -> dg.AssetsDefinition:
    @dg.asset(
        key=VERDICT,
        group_name="quality",
        deps=[AUDIT],
        owners=["team:data-engineering"],
        description="Pass, hold or stop, with reasons. Only a pass is published.",
        check_specs=[dg.AssetCheckSpec("verdict_is_pass", asset=VERDICT, blocking=True)],
    )
    def verdict(workspace_run: WorkspaceRun) -> Iterator[dg.MaterializeResult[None]]:
        from quality.verdict import decide

        decided = decide(workspace_run.workspace, workspace_run.run)
        reasons = markdown_table([{"reason": reason} for reason in decided.reasons])
        yield dg.MaterializeResult(
            metadata={"status": decided.status, "reasons": reasons},
            check_results=[
                dg.AssetCheckResult(
                    asset_key=VERDICT,
                    check_name="verdict_is_pass",
                    passed=decided.status == "pass",
                    severity=dg.AssetCheckSeverity.ERROR,
                    metadata={"status": decided.status, "reasons": reasons},
                    description="; ".join(decided.reasons[:5]) or None,
                )
            ],
        )

    return verdict


def _publication() -> dg.AssetsDefinition:
    @dg.asset(
        key=PUBLICATION,
        group_name="quality",
        deps=[VERDICT],
        kinds={"duckdb", "parquet"},
        owners=["team:data-engineering"],
        description="The published view: one atomic swap of warehouse/current. Readers never see half a run.",
    )
    def publication(workspace_run: WorkspaceRun) -> dg.MaterializeResult[None]:
        from quality.publishing import publish

        published = publish(workspace_run.workspace, workspace_run.run)
        return dg.MaterializeResult(
            metadata={
                "publication": published.run_id,
                "folder": dg.MetadataValue.path(str(published.folder)),
                "report": dg.MetadataValue.url((published.folder / "report.html").as_uri()),
                "rows": markdown_table([{"mart": k, "rows": v} for k, v in published.row_counts.items()]),
                "total_rows": sum(published.row_counts.values()),
            }
        )

    return publication
