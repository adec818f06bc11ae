"""Assets of activation: one for each configured sync, behind the gate."""

# Dagster reads the annotations of a step as objects, so this module does not postpone them.
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster import AssetExecutionContext

from orchestration.asset_keys import GATE, PUBLICATION, sync_key
from orchestration.metadata import markdown_table, numbers
from orchestration.pipeline import Pipeline

if TYPE_CHECKING:
    from activation.configuration import Sync
    from activation.syncing import SyncRun


def activation_assets(syncs: "Mapping[str, Sync]") -> list[dg.AssetsDefinition]:
    """Return the step that carries out the syncs, with an asset for each; no step when none is configured.

    One step and not one each: contact limits hold across syncs, so they are decided together. A destination that fails
    does not keep the others from being served.
    """
    if not syncs:
        return []
    keys = {name: sync_key(sync.destination, name) for name, sync in syncs.items()}

    @dg.multi_asset(
        name="activate",
        specs=[
            dg.AssetSpec(
                keys[name],
                description=f"Audience {sync.audience} kept up to date at {sync.destination}, as differences from what "
                "was sent before.",
                group_name="activation",
                deps=[GATE, PUBLICATION],
                tags={"pii": "direct"},
                owners=["team:marketing-operations"],
                metadata={"audience": sync.audience, "destination": sync.destination, "contract": sync.contract},
            )
            for name, sync in syncs.items()
        ],
        can_subset=True,
    )
    def activate(
        context: AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]
    ) -> Iterator[dg.MaterializeResult]:
        chosen = [name for name in keys if keys[name] in context.selected_asset_keys]
        ran = {one.sync_id: one for one in pipeline.activate(only=None if len(chosen) == len(keys) else chosen)}
        for name in chosen:
            if name in ran and ran[name].is_clean:
                yield dg.MaterializeResult(asset_key=keys[name], metadata=_metadata(ran[name]))
        failed = [f"{name}: {ran[name].message}" for name in chosen if name in ran and not ran[name].is_clean]
        if failed:
            raise dg.Failure("; ".join(failed), allow_retries=False)

    return [activate]


def _metadata(ran: "SyncRun") -> dict[str, Any]:
    sent = {f"rows_{kind}": count for kind, count in ran.succeeded.items()}
    unsent = [{"reason": reason, "people": count} for reason, count in ran.reasons.items()]
    metadata = numbers({"eligible": ran.eligible, "members_before": ran.members, "calls": ran.calls, **sent})
    metadata["not_sent"] = markdown_table(unsent, empty="everyone eligible was sent")
    if ran.folder is not None:
        metadata["folder"] = dg.MetadataValue.path(str(ran.folder))
    return metadata
