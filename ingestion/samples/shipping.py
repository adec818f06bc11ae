"""Deliveries of online orders: promised, dispatched, kept or late."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from ingestion.samples.deliveries import deliver
from ingestion.samples.landing_files import FeedFiles, Form
from ingestion.samples.random_streams import pick
from ingestion.samples.seasons import AS_OF_SECONDS, dates, day_of, iso_instant, utc_times

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingestion.samples.block import Block
    from ingestion.samples.ecommerce import Orders

DELIVERIES = FeedFiles(
    "ecommerce_deliveries",
    "ecommerce_deliveries",
    "ecommerce/deliveries",
    Form("jsonl"),
    "delivery_id",
    (("promised_on", "soon", "type_mismatch"), ("status", "teleported", "not_in_vocabulary")),
)
_CARRIERS = ("Correios", "Rápido Sul", "TransNorte", "Motoboy")
_STATES = {"paid": "pending", "shipped": "in_transit", "delivered": "delivered"}


def write_deliveries(block: Block, orders: Orders) -> NDArray[np.bool_]:
    """Write one delivery per order that was paid; return which orders came, or still wait, after the day promised."""
    rng = block.streams.of("deliveries")
    at, status, count = orders.purchases.at, orders.status, len(orders)
    promised = orders.purchases.day + 4 + rng.integers(0, 4, count)
    shipped = np.minimum(at + 86400 + rng.integers(0, 40_000, count), AS_OF_SECONDS - 900)
    delivered = at + orders.lasts * 86400 + rng.integers(-20_000, 20_000, count)
    is_delivered = status == "delivered"
    today = int(day_of(np.array([AS_OF_SECONDS]), block.offset)[0])
    arrived = day_of(delivered, block.offset)
    late = np.where(is_delivered, arrived > promised, (status == "shipped") & (today > promised))
    rows = np.flatnonzero(np.isin(status, list(_STATES)))
    frame = pl.DataFrame(
        {
            "delivery_id": "D" + orders.ids,
            "order_id": orders.ids,
            "carrier": np.array(_CARRIERS)[pick(rng, (50, 25, 15, 10), count)],
            "promised_on": dates(promised),
            "shipped": utc_times(np.where(status == "paid", -1, shipped)),
            "delivered": utc_times(np.where(is_delivered, np.minimum(delivered, AS_OF_SECONDS - 600), -1)),
            "status": status,
            "updated": utc_times(orders.updated),
        }
    )[rows]
    written = frame.select(
        "delivery_id",
        "order_id",
        "carrier",
        promised_on=pl.col("promised_on").dt.strftime("%Y-%m-%d"),
        shipped_at=iso_instant("shipped"),
        delivered_at=iso_instant("delivered"),
        status=pl.col("status").replace(_STATES),
        updated_at=iso_instant("updated"),
    )
    deliver(block.landing, DELIVERIES, written, orders.purchases.day[rows], block.streams)
    return late


def order_outcomes(orders: Orders, late: NDArray[np.bool_]) -> pl.DataFrame:
    """Return what other feeds need of orders: source_order_id, buyer, at, net, contact, is_late, account, product."""
    baskets, purchases = orders.baskets, orders.purchases
    return pl.DataFrame(
        {
            "source_order_id": orders.ids,
            "buyer": purchases.buyer,
            "at": purchases.at,
            "net": baskets.net_total,
            "contact": purchases.contact,
            "is_late": late,
            "account": orders.account,
            "product": baskets.product[np.flatnonzero(baskets.line_number == 1)],
        }
    )
