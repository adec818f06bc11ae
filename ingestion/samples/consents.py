"""Consent decisions by channel and purpose, and what is truly allowed at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from ingestion.samples.crm import crm_ids
from ingestion.samples.deliveries import deliver
from ingestion.samples.landing_files import FeedFiles, Form
from ingestion.samples.seasons import AS_OF_SECONDS, DAY_COUNT, day_of, instants, iso_instant, utc_times

if TYPE_CHECKING:
    from ingestion.samples.block import Block

CONSENTS = FeedFiles(
    "crm_consents",
    "crm_consents",
    "crm/consents",
    Form("csv"),
    "consent_id",
    (
        ("status", "maybe", "not_in_vocabulary"),
        ("decided_at", "", "required_missing"),
        ("channel", "fax", "not_in_vocabulary"),
    ),
    is_torn=True,
)
GRANTED_SHARE = {"email": 0.72, "whatsapp": 0.48, "sms": 0.42, "push": 0.25, "phone": 0.22, "mail": 0.55}
_REVOKED_SHARE = 0.07
IDS_PER_PERSON = 40


def write_consents(block: Block) -> pl.DataFrame:
    """Write one decision per CRM customer and channel asked, later revocations, and profiling decisions.

    Returns every decision: crm (row of the register), consent_channel, purpose, status, at (UTC seconds).
    """
    rng = block.streams.of("consents")
    owner = block.registers.crm.owner
    count = len(owner)
    asked = np.flatnonzero(rng.random(count) < 0.9)
    first = np.maximum(block.traits.first_day[owner], 0)
    parts = []
    for channel, share in GRANTED_SHARE.items():
        granted = rng.random(len(asked)) < share
        day = np.minimum(first[asked] + rng.integers(0, 60, len(asked)), DAY_COUNT - 2)
        parts.append((asked, channel, "marketing", np.where(granted, "granted", "revoked"), day))
        revoked = granted & (rng.random(len(asked)) < _REVOKED_SHARE)
        later = np.minimum(day[revoked] + 1 + rng.integers(0, 400, int(revoked.sum())), DAY_COUNT - 1)
        parts.append((asked[revoked], channel, "marketing", np.full(len(later), "revoked"), later))
    profiling = asked[rng.random(len(asked)) < 0.5]
    agreed = np.where(rng.random(len(profiling)) < 0.6, "granted", "revoked")
    parts.append((profiling, "all", "profiling", agreed, np.minimum(first[profiling] + 3, DAY_COUNT - 2)))
    frame = pl.concat(
        [
            pl.DataFrame({"crm": rows, "status": status, "day": day}).with_columns(
                consent_channel=pl.lit(channel), purpose=pl.lit(purpose)
            )
            for rows, channel, purpose, status, day in parts
        ]
    )
    at = np.minimum(instants(rng, frame["day"].to_numpy(), "online", block.offset), AS_OF_SECONDS - 1200)
    frame = frame.with_columns(at=pl.Series(at))
    _write(block, frame, rng)
    return frame


def _write(block: Block, frame: pl.DataFrame, rng: np.random.Generator) -> None:
    count, rows = len(frame), frame["crm"].to_numpy()
    ids = "G" + pl.Series(block.first_number(IDS_PER_PERSON) + np.arange(count)).cast(pl.String)
    evidence = np.array(["form", "store", "call", "preference_center"])[rng.integers(0, 4, count)]
    written = frame.with_columns(when=utc_times(frame["at"].to_numpy()), evidence=pl.Series(evidence)).select(
        ids.alias("consent_id"),
        crm_ids(block).gather(pl.Series(rows)).alias("customer_id"),
        channel="consent_channel",
        purpose="purpose",
        status="status",
        legal_basis=pl.lit("consent"),
        evidence="evidence",
        decided_at=iso_instant("when"),
    )
    deliver(block.landing, CONSENTS, written, day_of(frame["at"].to_numpy(), block.offset), block.streams)
    owner = block.registers.crm.owner[rows]
    block.truth.records("crm_consents", "crm", ids, block.people.ids(owner))
