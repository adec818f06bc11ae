"""Events that providers report about people they know by address: bounces, opt-outs and complaints among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from ingestion.samples.deliveries import deliver
from ingestion.samples.landing_files import FeedFiles, Form
from ingestion.samples.random_streams import pick
from ingestion.samples.seasons import DAY_COUNT, instants, iso_instant, utc_times

if TYPE_CHECKING:
    from ingestion.samples.block import Block

RECEIPTS = FeedFiles(
    "channel_receipts",
    "channel_receipts",
    "receipts/provider",
    Form("jsonl"),
    "event_id",
    (("event", "vanished", "not_in_vocabulary"), ("at", "", "required_missing")),
    is_torn=True,
)
_TYPES = np.array(["delivered", "open", "bounce_hard", "unsubscribe", "complaint", "click"])
_TYPE_WEIGHTS = (58, 18, 8, 8, 2, 6)
_LAST_DAYS = 60
IDS_PER_PERSON = 4


def write_receipts(block: Block) -> pl.DataFrame:
    """Write receipts of the last two months; return person (entity row), channel, response_type, at (UTC seconds)."""
    rng = block.streams.of("receipts")
    register = block.registers.mailing
    rows = np.flatnonzero(rng.random(len(register.owner)) < 0.12)
    profile = register.profiles[rows].select("email", "phone")
    by_phone = pl.Series(rng.random(len(rows)) < 0.3) & profile["phone"].is_not_null()
    keep = (by_phone | profile["email"].is_not_null()).to_numpy()
    rows, profile, by_phone = rows[keep], profile.filter(pl.Series(keep)), by_phone.filter(pl.Series(keep))
    count = len(rows)
    day = DAY_COUNT - 1 - rng.integers(0, _LAST_DAYS, count)
    at = instants(rng, day, "online", block.offset)
    kind = _TYPES[pick(rng, _TYPE_WEIGHTS, count)]
    channel = np.where(by_phone.to_numpy(), np.where(rng.random(count) < 0.6, "whatsapp", "sms"), "email")
    kind = np.where((channel == "sms") & np.isin(kind, ["open", "click"]), "delivered", kind)
    ids = "PR" + pl.Series(block.first_number(IDS_PER_PERSON) + np.arange(count)).cast(pl.String)
    frame = (
        pl.DataFrame({"event_id": ids, "channel": channel, "event": kind, "when": utc_times(at)})
        .with_columns(
            email=profile["email"].set(by_phone, None),
            phone=profile["phone"].set(~by_phone, None),
            machine=pl.Series((kind == "open") & (rng.random(count) < 0.3)),
        )
        .select(
            "event_id",
            recipient=pl.struct("email", "phone"),
            channel="channel",
            event="event",
            at=iso_instant("when"),
            reason=pl.when(pl.col("event") == "bounce_hard").then(pl.lit("mailbox_unknown")),
            machine="machine",
        )
    )
    deliver(block.landing, RECEIPTS, frame, day, block.streams)
    person = register.owner[rows]
    block.truth.records("channel_receipts", "provider", ids, block.people.ids(person))
    return pl.DataFrame({"person": person, "channel": channel, "response_type": kind, "at": at})
