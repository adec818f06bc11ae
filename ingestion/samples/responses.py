"""What came back from campaigns: deliveries, machine and human opens, clicks, bounces, opt-outs, redemptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ingestion.samples.campaigns import Contacts, campaign_ids
from ingestion.samples.crm import crm_ids
from ingestion.samples.deliveries import deliver
from ingestion.samples.landing_files import FeedFiles, Form
from ingestion.samples.lookups import taken
from ingestion.samples.seasons import AS_OF_SECONDS, day_of, iso_instant, utc_times

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingestion.samples.block import Block

_JSON = Form("jsonl")
RESPONSES = FeedFiles(
    "campaign_responses",
    "campaign_responses",
    "campaigns/responses",
    _JSON,
    "response_id",
    (("at", "later", "type_mismatch"), ("type", "smile", "not_in_vocabulary")),
    is_torn=True,
)
_KINDS = ("delivered", "open", "click", "reply", "bounce_hard", "unsubscribe", "complaint", "machine")
_RATES = {
    "catalog": (0.0, 0.0, 0.0, 0.004, 0.03, 0.001, 0.0, 0.0),
    "direct_mail": (0.0, 0.0, 0.0, 0.002, 0.03, 0.001, 0.0, 0.0),
    "email": (0.965, 0.27, 0.22, 0.0, 0.013, 0.006, 0.0012, 0.20),
    "push": (0.86, 0.09, 0.30, 0.0, 0.03, 0.004, 0.0, 0.0),
    "sms": (0.94, 0.0, 0.035, 0.008, 0.02, 0.006, 0.0005, 0.0),
    "telemarketing": (0.42, 0.0, 0.0, 0.5, 0.05, 0.03, 0.006, 0.0),
    "whatsapp": (0.96, 0.72, 0.10, 0.06, 0.02, 0.012, 0.002, 0.0),
}
"""Chances by channel, in the order of `_KINDS`; clicks are among opens, or among deliveries where nothing opens."""
IDS_PER_PERSON = 300


def draw_responses(block: Block, contacts: Contacts, orders: pl.DataFrame) -> pl.DataFrame:
    """Return one row per response: contact (row), type, at, is_machine, order id and system, value in cents.

    Every response follows its contact; a click follows a human open, a redemption is the order that the contact caused.
    """
    rng = block.streams.of("responses")
    sent = np.flatnonzero(contacts.is_sent)
    channel, at = contacts.channel[sent], contacts.at[sent]
    caused = np.zeros(len(contacts), dtype=bool)
    caused[orders.filter(pl.col("contact") >= 0)["contact"].to_numpy()] = True
    keen = caused[sent]

    rates = dict(zip(_KINDS, np.array(list(_RATES.values()))[np.searchsorted(list(_RATES), channel)].T, strict=True))
    lot = {name: rng.random(len(sent)) for name in rates}
    bounced = (lot["bounce_hard"] < rates["bounce_hard"]) & ~keen
    soft = ~bounced & (lot["delivered"] > 0.985) & (channel == "email") & ~keen
    delivered = ~bounced & ~soft & ((lot["delivered"] < rates["delivered"]) | (keen & (rates["delivered"] > 0)))
    opened = delivered & ((lot["open"] < rates["open"]) | (keen & (rates["open"] > 0)))
    may_click = np.where(rates["open"] > 0, opened, delivered)
    clicked = may_click & (lot["click"] < np.where(keen, 0.9, rates["click"])) & (rates["click"] > 0)
    seen_after = 400 + rng.exponential(5 * 3600, len(sent)).astype(np.int64)
    spans = {
        "delivered": (delivered, 2 + rng.integers(0, 300, len(sent))),
        "machine": (delivered & (lot["machine"] < rates["machine"]), 305 + rng.integers(0, 40, len(sent))),
        "bounce_hard": (bounced, 1 + rng.integers(0, 100, len(sent))),
        "bounce_soft": (soft, 1 + rng.integers(0, 7200, len(sent))),
        "open": (opened, seen_after),
        "click": (clicked, seen_after + 20 + rng.integers(0, 600, len(sent))),
        "reply": (delivered & (lot["reply"] < rates["reply"]), 600 + rng.integers(0, 86400, len(sent))),
        "unsubscribe": (
            delivered & ~keen & (lot["unsubscribe"] < rates["unsubscribe"]),
            900 + rng.integers(0, 86400, len(sent)),
        ),
        "complaint": (
            delivered & ~keen & (lot["complaint"] < rates["complaint"]),
            900 + rng.integers(0, 86400, len(sent)),
        ),
    }
    frames = [
        _some(sent[mask], "open" if kind == "machine" else kind, (at + delay)[mask], kind == "machine")
        for kind, (mask, delay) in spans.items()
    ]
    return pl.concat([*frames, _redemptions(orders)]).filter(pl.col("at") < AS_OF_SECONDS)


def _some(contact: NDArray[Any], kind: str, at: NDArray[Any], is_machine: bool) -> pl.DataFrame:
    return pl.DataFrame({"contact": contact, "at": at}).select(
        "contact",
        "at",
        type=pl.lit(kind),
        is_machine=pl.lit(is_machine),
        order_id=pl.lit(None, dtype=pl.String),
        system=pl.lit(None, dtype=pl.String),
        value=pl.lit(None, dtype=pl.Int64),
    )


def _redemptions(orders: pl.DataFrame) -> pl.DataFrame:
    return orders.filter(pl.col("contact") >= 0).select(
        "contact",
        pl.col("at") + 60,
        type=pl.lit("redemption"),
        is_machine=pl.lit(False),
        order_id="source_order_id",
        system="system",
        value="net",
    )


def write_responses(block: Block, contacts: Contacts, responses: pl.DataFrame) -> None:
    """Write the responses; most name only their contact, one in five also the customer."""
    rng = block.streams.of("response rows")
    rows = responses["contact"].to_numpy()
    count = len(rows)
    ids = "R" + pl.Series(block.first_number(IDS_PER_PERSON) + np.arange(count)).cast(pl.String)
    crm = np.where(rng.random(count) < 0.85, contacts.crm[rows], -1)
    reference = taken(crm_ids(block), crm)
    profile = contacts.profile[rows]
    email = taken(block.registers.mailing.profiles["email"], profile)
    frame = responses.with_columns(
        response_id=ids,
        campaign_id=campaign_ids(contacts.campaign[rows]),
        contact_id=contacts.ids.gather(rows),
        crm_id=reference,
        email=email,
        channel=pl.Series(contacts.channel[rows]),
        when=utc_times(responses["at"].to_numpy()),
    )
    written = frame.select(
        "response_id",
        "campaign_id",
        "contact_id",
        "crm_id",
        "email",
        "channel",
        "type",
        at=iso_instant("when"),
        order_id="order_id",
        order_system="system",
        value=_JSON.amount(pl.col("value")),
        is_machine="is_machine",
        url=pl.when(pl.col("type") == "click").then(pl.lit("/ofertas")),
    )
    deliver(block.landing, RESPONSES, written, day_of(responses["at"].to_numpy(), block.offset), block.streams)
    nobody = written.select(pl.all_horizontal(pl.col("crm_id", "email").is_null())).to_series()
    block.truth.records(
        "campaign_responses", "campaign", ids, block.people.ids(contacts.person[rows]), is_anonymous=nobody
    )
