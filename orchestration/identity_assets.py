"""Assets of identity resolution: the tables that say who is who, written by one step."""

# Dagster reads the annotations of a step as objects, so this module does not postpone them.
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from orchestration.asset_keys import CROSSWALK, feed_key, identity_key
from orchestration.metadata import numbers
from orchestration.pipeline import Pipeline

if TYPE_CHECKING:
    from data_contracts.loader import Contract

TABLES = {
    "customer_crosswalk": "One row per person record, with the customer it belongs to.",
    "customer_records": "One row per person record: a distinct bundle of evidence from the feeds, normalised.",
    "customer_identifiers": "One row per person record and normalised identifier, with the guard's decision.",
    "match_edges": "One row per pair of person records that a rule or the model joins, with weight and evidence.",
    "guard_decisions": "One row per identifier value that too many people share to identify anyone.",
    "customer_id_history": "One row per change of a person record's customer, over all publications.",
    "customer_id_aliases": "One row per retired customer identifier, with the one that holds its records today.",
    "household_members": "One row per customer with a household.",
    "company_crosswalk": "One row per company record, with the company it belongs to.",
    "erasure_tombstones": "One row per hashed identifier of an erased person: a replayed file brings nobody back.",
    "erased_customers": "One row per customer whose erasure was carried out.",
    "identity_metrics": "One row per figure that describes the resolution.",
    "lookup_keys": "One row per record and value that finds it: customer, identifier, id in its source.",
    "review_queue": "One row per pair of person records that a person should judge, best use of their time first.",
    "model_epoch": "One row: what was measured once over all records and is carried from run to run.",
    "epoch_name_tokens": "One row per word of names, with how rare it was when the epoch was frozen.",
    "epoch_term_frequencies": "One row per value whose frequency the scored comparisons weigh, as of the epoch.",
}
_PERSONAL = frozenset({"customer_records", "customer_identifiers"})


def identity_assets(contracts: "Iterable[Contract]") -> dg.AssetsDefinition:
    """Return the step that resolves identities, with an asset for each table it writes."""
    read = [feed_key(one) for one in contracts if one.person_role != "none" or one.name == "crm_companies"]

    @dg.multi_asset(
        name="resolve_identities",
        specs=[
            dg.AssetSpec(
                identity_key(table),
                description=description,
                group_name="identity",
                kinds={"duckdb", "parquet"},
                tags={"pii": "direct"} if table in _PERSONAL else {},
                owners=["team:data-engineering"],
                deps=read,
                skippable=True,
            )
            for table, description in TABLES.items()
        ],
    )
    def resolve_identities(pipeline: dg.ResourceParam[Pipeline]) -> Iterator[dg.MaterializeResult]:
        if pipeline.is_unchanged:
            # Nothing is emitted, so Dagster skips everything downstream: the published view stands.
            return
        resolved = pipeline.resolve()
        rows = _row_counts(pipeline)
        for table in TABLES:
            metadata: dict[str, Any] = {"dagster/row_count": rows[table]}
            if identity_key(table) == CROSSWALK:
                metadata |= numbers(resolved.metrics)
            yield dg.MaterializeResult(asset_key=identity_key(table), metadata=metadata)

    return resolve_identities


def _row_counts(pipeline: Pipeline) -> dict[str, int]:
    import pyarrow.parquet as pq

    folder = pipeline.workspace.build / "identity"
    return {name: pq.read_metadata(folder / f"{name}.parquet").num_rows for name in TABLES}
