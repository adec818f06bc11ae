"""Assets of the lake: one for each feed contract, each with the checks that must hold before anyone reads it."""

# Dagster reads the annotations of a step as objects, so this module does not postpone them.
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from orchestration.asset_keys import FEEDBACK_DOMAIN, feed_key
from orchestration.metadata import check_result, markdown_table, numbers
from orchestration.pipeline import Pipeline

if TYPE_CHECKING:
    from data_contracts.loader import Contract
    from ingestion.landing import LandingResult

_COUNTS = ("rows_in", "accepted", "superseded", "duplicate", "quarantined", "filtered")


def feed_assets(contracts: "Mapping[str, Contract]") -> list[dg.AssetsDefinition]:
    """Return one asset for each feed contract."""
    return [_feed_asset(contract) for contract in contracts.values()]


def _feed_asset(contract: "Contract") -> dg.AssetsDefinition:
    key = feed_key(contract)

    @dg.asset(
        key=key,
        group_name="feedback" if contract.domain == FEEDBACK_DOMAIN else "ingestion",
        description=contract.description,
        kinds={"duckdb", "parquet"},
        tags={"domain": contract.domain} | ({"pii": "direct"} if _has_direct_data(contract) else {}),
        owners=["team:data-engineering"],
        metadata={"contract": f"{contract.name} {contract.version}"},
        check_specs=[
            dg.AssetCheckSpec(
                "contract_holds",
                asset=key,
                blocking=True,
                description="New batches obey the contract, every row is accounted for, rejects stay within the limit.",
            )
        ],
    )
    def land(pipeline: dg.ResourceParam[Pipeline]) -> Iterator[dg.MaterializeResult]:
        landed, checks = pipeline.land(contract.name)
        yield dg.MaterializeResult(
            metadata=_landing_metadata(pipeline, contract, landed),
            check_results=[check_result(key, "contract_holds", checks, report=pipeline.report_path)],
        )

    return land


def _has_direct_data(contract: "Contract") -> bool:
    return any("pii_direct" in column.tags for column in contract.columns)


def _landing_metadata(pipeline: Pipeline, contract: "Contract", landed: "LandingResult") -> dict[str, Any]:
    from orchestration.previews import batch_preview

    reasons: dict[str, int] = {}
    for batch in landed.batches:
        for reason, count in batch.reasons.items():
            reasons[reason] = reasons.get(reason, 0) + count
    metadata: dict[str, Any] = numbers({name: landed.total(name) for name in _COUNTS})
    metadata |= numbers({"batches": len(landed.batches), "files_failed": len(landed.failures)})
    metadata["is_balanced"] = landed.is_balanced
    if landed.batches:
        metadata["new_batches"] = markdown_table(
            [{"batch": one.batch_id, "feed": one.feed, "file": one.source_file}
             | {name: getattr(one, name) for name in _COUNTS} for one in landed.batches[:50]]
        )  # fmt: skip
        preview = batch_preview(pipeline.workspace, contract, [one.batch_id for one in landed.batches])
        metadata["preview_without_personal_data"] = markdown_table(preview)
    if reasons:
        metadata["quarantine_reasons"] = markdown_table(
            [{"reason": key, "rows": reasons[key]} for key in sorted(reasons)]
        )
    if landed.failures:
        metadata["failed_files"] = markdown_table(
            [{"file": one.source_file, "problem": one.code, "what to do": one.message} for one in landed.failures[:50]]
        )
    return metadata
