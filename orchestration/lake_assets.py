"""Assets of the lake: one for each feed contract, each with the checks that must hold before anyone reads it."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from data_contracts.loader import load_contracts
from orchestration.metadata import check_result, markdown_table, numbers
from orchestration.resources import WorkspaceRun

FEEDBACK = frozenset({"channel_receipts", "activation_messages"})


def lake_key(contract_name: str) -> dg.AssetKey:
    """Return the asset key of a contract's lake table."""
    return dg.AssetKey(["lake", contract_name])


def lake_assets() -> list[dg.AssetsDefinition]:
    """Return one asset for each feed contract."""
    return [_lake_asset(contract.name, contract.description, contract.domain) for contract in load_contracts("feeds")]


def _lake_asset(name: str, description: str, domain: str) -> dg.AssetsDefinition:
    key = lake_key(name)

    @dg.asset(
        key=key,
        group_name="feedback" if name in FEEDBACK else "ingestion",
        description=description,
        kinds={"duckdb", "parquet"},
        tags={"domain": domain},
        owners=["team:data-engineering"],
        check_specs=[
            dg.AssetCheckSpec(
                "contract_holds",
                asset=key,
                blocking=True,
                description="Rows of new batches obey the contract, the reject ratio is within its limit, rows balance.",
            )
        ],
    )
    def land(workspace_run: WorkspaceRun) -> Iterator[dg.MaterializeResult[None]]:
        from ingestion.landing import land_contract
        from quality.feed_checks import check_feed
        from quality.verdict import record_stop

        workspace, run = workspace_run.workspace, workspace_run.run
        landed = land_contract(workspace, run, name)
        results = check_feed(workspace, run, name)
        if any(result.status in ("fail", "error") for result in results):
            record_stop(workspace, run)
        yield dg.MaterializeResult(
            metadata={
                **numbers(landed.counts),
                "new_batches": markdown_table(landed.batch_rows()),
            },
            check_results=[check_result(key, "contract_holds", results)],
        )

    return land
