"""The names of all assets: room, then domain or product, then entity. Nothing parses them again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from data_contracts.loader import Contract

# What people read is late after a day and a half; staging and intermediate models are as old as the marts, and a
# policy on each of them would be noise.
FRESH = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=36))
FEEDBACK_DOMAIN = "feedback"
CROSSWALK = dg.AssetKey(["identity", "customer_crosswalk"])
GATE = dg.AssetKey(["quality", "activation_gate"])
PUBLICATION = dg.AssetKey(["quality", "publication"])


def feed_key(contract: Contract) -> dg.AssetKey:
    """Return the key of a feed contract's lake table: `raw/crm/customers`, or `feedback/channel_receipts`.

    What the channels send back stands in a room of its own, because it closes the circle and does not open it.
    """
    entity = contract.name.removeprefix(f"{contract.domain}_")
    if contract.domain == FEEDBACK_DOMAIN:
        return dg.AssetKey([FEEDBACK_DOMAIN, entity])
    return dg.AssetKey(["raw", contract.domain, entity])


def identity_key(table: str) -> dg.AssetKey:
    """Return the key of an identity table."""
    return dg.AssetKey(["identity", table])


def model_key(layer: str, name: str) -> dg.AssetKey:
    """Return the key of a dbt model: its layer and its name."""
    return dg.AssetKey([layer, name])


def sync_key(destination: str, sync: str) -> dg.AssetKey:
    """Return the key of one configured sync."""
    return dg.AssetKey(["activation", destination, sync])
