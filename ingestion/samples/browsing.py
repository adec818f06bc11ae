"""Visits to the shop: sessions that end in an order, come from a campaign, or look around; devices before log-in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ingestion.samples.accounts import account_ids
from ingestion.samples.campaigns import campaign_ids
from ingestion.samples.deliveries import deliver
from ingestion.samples.landing_files import FeedFiles, Form
from ingestion.samples.lookups import taken
from ingestion.samples.random_streams import pick, pick_frequent, repeated, scattered
from ingestion.samples.seasons import AS_OF_SECONDS, busy_days, busyness, day_of, instants, iso_instant, utc_times

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingestion.samples.block import Block
    from ingestion.samples.campaigns import Contacts

EVENTS = FeedFiles(
    "ecommerce_events",
    "ecommerce_events",
    "ecommerce/events",
    Form("jsonl", is_compressed=True),
    "event_id",
    (("at", "??", "type_mismatch"), ("type", "wink", "not_in_vocabulary"), ("channel", "", "required_missing")),
    is_torn=True,
)
_ORIGINS = pl.DataFrame(
    {
        "utm_source": [None, "google", None, "facebook", "instagram", "criteo"],
        "utm_medium": [None, "cpc", None, "paid_social", "paid_social", "display"],
        "utm_campaign": [None, "ADS-SEARCH", None, "ADS-SOCIAL", "ADS-SOCIAL", "ADS-DISPLAY"],
        "referrer": [None, "www.google.com", "www.google.com", "facebook.com", "instagram.com", "criteo.net"],
    }
)
_ORIGIN_WEIGHTS = (34, 16, 24, 8, 10, 8)
_VISITS_PER_YEAR = 0.6
IDS_PER_PERSON = 2_000


@dataclass(frozen=True)
class _Sessions:
    person: NDArray[np.int64]
    start: NDArray[np.int64]
    views: NDArray[np.int64]
    has_cart: NDArray[np.bool_]
    has_purchase: NDArray[np.bool_]
    is_logged_in: NDArray[np.bool_]
    account: NDArray[np.int64]
    product: NDArray[np.int64]
    origin: pl.DataFrame
    order_id: pl.Series

    def __len__(self) -> int:
        return len(self.person)


def write_events(block: Block, orders: pl.DataFrame, contacts: Contacts, responses: pl.DataFrame) -> None:
    """Write page views, product views, log-ins, carts and purchases of every session; each purchase is an order."""
    rng = block.streams.of("browsing")
    clicks = responses.filter((pl.col("type") == "click") & ~pl.col("is_machine"))
    clicked = clicks["contact"].to_numpy()
    counts = rng.poisson(
        _VISITS_PER_YEAR
        * (0.3 + 1.4 * block.traits.online_share)
        * busyness(block.traits.first_day, block.traits.end_day)
    )
    visitor, _ = repeated(counts)
    day = busy_days(rng, block.traits.first_day[visitor], block.traits.end_day[visitor])
    person = np.concatenate([orders["buyer"].to_numpy(), contacts.person[clicked], visitor])
    start = np.concatenate(
        [
            orders["at"].to_numpy() - rng.integers(240, 2400, len(orders)),
            clicks["at"].to_numpy() + 2,
            instants(rng, day, "online", block.offset),
        ]
    )
    origin = pl.concat(
        [
            _ORIGINS[pick(rng, _ORIGIN_WEIGHTS, len(orders))],
            _campaign_origin(contacts, clicked),
            _ORIGINS[pick(rng, _ORIGIN_WEIGHTS, len(visitor))],
        ]
    )
    _write(block, _sessions(block, orders, rng, person=person, start=start, origin=origin), rng)


def _campaign_origin(contacts: Contacts, clicked: NDArray[Any]) -> pl.DataFrame:
    channel = pl.Series(contacts.channel[clicked])
    return pl.DataFrame(
        {
            "utm_source": "lojaunificada",
            "utm_medium": channel,
            "utm_campaign": campaign_ids(contacts.campaign[clicked]),
        },
        schema_overrides={"utm_source": pl.String},
    ).with_columns(referrer=pl.lit(None, dtype=pl.String))


def _sessions(
    block: Block,
    orders: pl.DataFrame,
    rng: np.random.Generator,
    *,
    person: NDArray[Any],
    start: NDArray[Any],
    origin: pl.DataFrame,
) -> _Sessions:
    count, bought = len(person), np.arange(len(person)) < len(orders)
    own = block.registers.shop.some_profile(person, rng)
    guest = orders["account"].is_null().to_numpy()
    logged = (rng.random(count) < 0.45) & (own >= 0)
    logged[: len(orders)] = ~guest
    product = pick_frequent(rng, len(block.catalogue.price_cents), count, exponent=0.7, shift=8)
    product[: len(orders)] = orders["product"].to_numpy()
    return _Sessions(
        person=person,
        start=start,
        views=1 + np.minimum(rng.poisson(1.1, count), 8),
        has_cart=bought | (rng.random(count) < 0.14),
        has_purchase=bought,
        is_logged_in=logged,
        account=own,
        product=product,
        origin=origin,
        order_id=pl.concat(
            [orders["source_order_id"], pl.Series([None], dtype=pl.String).new_from_index(0, count - len(orders))]
        ),
    )


def _write(block: Block, sessions: _Sessions, rng: np.random.Generator) -> None:
    """Write one row per event; a session names its account from the log-in on, and its origin on the first page."""
    owner, place, kind, is_known = _layout(sessions)
    at = np.minimum(sessions.start[owner] + place * 24 + rng.integers(0, 20, len(owner)), AS_OF_SECONDS - 60)
    product = np.where(kind == "product_view", (sessions.product[owner] + place - 1) % 480, sessions.product[owner])
    app = (scattered(sessions.person, 3_000, 11) % 100 < 38)[owner]
    session_id = block.first_number(IDS_PER_PERSON) + np.arange(len(sessions))
    ids = "V" + pl.Series(block.first_number(IDS_PER_PERSON) + np.arange(len(owner))).cast(pl.String)
    frame = pl.DataFrame(
        {
            "event_id": ids,
            "session_id": "Q" + pl.Series(session_id[owner]).cast(pl.String),
            "device_id": _devices(block, sessions, rng).gather(owner),
            "type": kind,
            "when": utc_times(at),
            "channel": np.where(app, "app", "site"),
            "order_id": sessions.order_id.gather(owner),
            "account_id": taken(account_ids(block), np.where(is_known, sessions.account[owner], -1)),
            "sku": block.catalogue.products["product_id"].gather(product),
            "first": place == 0,
        }
    ).with_columns(*sessions.origin[owner])
    deliver(block.landing, EVENTS, _objects(frame), day_of(at, block.offset), block.streams)
    block.truth.records("ecommerce_events", "ecommerce", ids, block.people.ids(sessions.person[owner]))


def _layout(sessions: _Sessions) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[Any], NDArray[np.bool_]]:
    """Lay out each session as page view, product views, log-in, cart, check-out, purchase.

    Returns per event its session, its place, its type, and whether the visitor has logged in by then.
    """
    login, cart, purchase = (
        mask.astype(np.int64) for mask in (sessions.is_logged_in, sessions.has_cart, sessions.has_purchase)
    )
    owner, place = repeated(1 + sessions.views + login + 2 * cart + purchase)
    step = place - 1 - sessions.views[owner]
    after = step - login[owner]
    stages = [place == 0, step < 0, after < 0, after == 0, after == 1]
    kind = np.select(stages, ["page_view", "product_view", "login", "add_to_cart", "checkout_start"], "purchase")
    return owner, place, kind, sessions.is_logged_in[owner] & (step >= 0)


def _objects(frame: pl.DataFrame) -> pl.DataFrame:
    kind = pl.col("type")
    path = pl.when(kind == "product_view").then("/p/" + pl.col("sku")).when(kind == "page_view").then(pl.lit("/"))
    return frame.select(
        "event_id",
        "session_id",
        "device_id",
        "account_id",
        "type",
        at=iso_instant("when"),
        channel="channel",
        path=path.otherwise("/" + kind),
        sku=pl.when(kind.is_in(["product_view", "add_to_cart"])).then("sku"),
        order_id=pl.when(kind == "purchase").then("order_id"),
        referrer=pl.when("first").then("referrer"),
        utm_source=pl.when("first").then("utm_source"),
        utm_medium=pl.when("first").then("utm_medium"),
        utm_campaign=pl.when("first").then("utm_campaign"),
    )


def _devices(block: Block, sessions: _Sessions, rng: np.random.Generator) -> pl.Series:
    """Return a device per session: a person has one or two; one household in ten shares a tablet."""
    index = block.people.first_index + sessions.person
    second = (rng.random(len(sessions)) < 0.25) & (index % 3 == 0)
    home = block.people.home[sessions.person]
    shared = (home % 10 == 0) & (rng.random(len(sessions)) < 0.4)
    number = np.where(shared, 20_000_000 + block.people.first_index + home, index * 2 + second)
    return "dv-" + pl.Series(scattered(number, 31_000, block.streams.seed + 9)).cast(pl.String).str.zfill(9)
