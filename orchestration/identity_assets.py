"""Assets of identity resolution: the tables that say who is who."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from data_contracts.loader import load_contracts
from orchestration.lake_assets import lake_key
from orchestration.metadata import check_result, markdown_table, numbers
from orchestration.resources import WorkspaceRun

TABLES = {
    "records": "One row per person record: a distinct bundle of evidence from the feeds.",
    "customer_crosswalk": "One row per person record, with the customer it belongs to.",
    "record_identifiers": "One row per person record and normalised identifier, with the guard's decision.",
    "match_edges": "One row per pair of person records joined by a rule, with rule, weight and masked evidence.",
    "guard_decisions": "One row per identifier value that too many people share to identify anyone.",
    "customer_id_history": "One row per change of a person record's customer, over all publications.",
    "customer_id_lineage": "One row per customer identifier ever published, with today's.",
    "households": "One row per customer and household.",
    "companies": "One row per company record, with the company it belongs to.",
    "resolution_metrics": "One row per figure that describes the resolution.",
}
CROSSWALK = dg.AssetKey(["identity", "customer_crosswalk"])


def identity_key(table: str) -> dg.AssetKey:
    """Return the asset key of an identity table."""
    return dg.AssetKey(["identity", table])


def identity_assets() -> dg.AssetsDefinition:
    """Return the one step that resolves identities, with an asset for each table it writes."""
    person_feeds = [contract.name for contract in load_contracts("feeds") if contract.person_role != "none"]

    @dg.multi_asset(
        name="resolve_identities",
        specs=[
            dg.AssetSpec(
                identity_key(table),
                description=description,
                group_name="identity",
                kinds={"duckdb", "parquet"},
                tags={"pii": "direct"} if table in {"records", "record_identifiers"} else {},
                owners=["team:data-engineering"],
                deps=[lake_key(name) for name in [*person_feeds, "crm_companies"]],
            )
            for table, description in TABLES.items()
        ],
        check_specs=[
            dg.AssetCheckSpec(
                "identities_are_sound",
                asset=CROSSWALK,
                blocking=True,
                description="Every record has one customer, clusters stay below the cap, none holds two valid documents.",
            )
        ],
    )
    def resolve_identities(workspace_run: WorkspaceRun) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        from identity.resolution import resolve
        from quality.fingerprint import is_unchanged
        from quality.identity_checks import check_identity
        from quality.verdict import record_stop

        workspace, run = workspace_run.workspace, workspace_run.run
        if is_unchanged(workspace, run):
            yield from (dg.MaterializeResult(asset_key=identity_key(t), metadata={"unchanged": True}) for t in TABLES)
            yield check_result(CROSSWALK, "identities_are_sound", [])
            return
        resolved = resolve(workspace, run)
        results = check_identity(workspace, run)
        if any(result.status in ("fail", "error") for result in results):
            record_stop(workspace, run)
        for table in TABLES:
            metadata = {"rows": dg.MetadataValue.int(resolved.row_counts.get(table, 0))}
            if table == "customer_crosswalk":
                metadata |= numbers(resolved.metrics)
                metadata["rules"] = markdown_table(resolved.rule_rows())
            yield dg.MaterializeResult(asset_key=identity_key(table), metadata=metadata)
        yield check_result(CROSSWALK, "identities_are_sound", results)

    return resolve_identities
