"""Orders of the online shop, guests among them, with their lines and returns, as JSON lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ingestion.samples.accounts import account_ids
from ingestion.samples.deliveries import deliver
from ingestion.samples.landing_files import FeedFiles, Form
from ingestion.samples.lookups import taken, taken_rows
from ingestion.samples.profiles import render
from ingestion.samples.purchases import Baskets, Purchases, fill_baskets
from ingestion.samples.random_streams import pick
from ingestion.samples.recipes import SHOP
from ingestion.samples.seasons import AS_OF_SECONDS, iso_instant, utc_times

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingestion.samples.block import Block

_JSON = Form("jsonl")
_PACKED = Form("jsonl", is_compressed=True)
ORDERS = FeedFiles(
    "ecommerce_orders",
    "ecommerce_orders",
    "ecommerce/orders",
    _JSON,
    "order_id",
    (
        ("placed_at", "2026-02-30T10:00:00Z", "type_mismatch"),
        ("status", "lost", "not_in_vocabulary"),
        ("placed_at", "", "required_missing"),
    ),
    is_torn=True,
)
LINES = FeedFiles(
    "ecommerce_order_lines",
    "ecommerce_order_lines",
    "ecommerce/order_lines",
    _PACKED,
    "order_id",
    (("quantity", "two", "type_mismatch"), ("net_amount", "", "required_missing")),
    is_torn=True,
)
IDS_PER_PERSON = 100
_PAYMENTS = ("credit_card", "pix", "boleto", "wallet")
_CANCELLED_SHARE, _GUEST_SHARE, _TYPED_AGAIN_SHARE, _RETURNED_SHARE = 0.035, 0.12, 0.2, 0.045


@dataclass(frozen=True)
class Orders:
    """One value per order of a block."""

    purchases: Purchases
    baskets: Baskets
    ids: pl.Series
    account: pl.Series
    """Account id, null for a guest."""
    status: NDArray[Any]
    lasts: NDArray[np.int64]
    """Days from order to delivery."""
    updated: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)


def make_orders(block: Block, purchases: Purchases) -> Orders:
    """Give online purchases a basket, an account or none, and the state they are in at the end of history."""
    rng = block.streams.of("orders")
    count = len(purchases)
    baskets = fill_baskets(purchases, block.traits, block.catalogue, rng)
    account = block.registers.shop.some_profile(purchases.buyer, rng)
    account = np.where(rng.random(count) < _GUEST_SHARE, -1, account)
    age = (AS_OF_SECONDS - purchases.at) // 86400
    lasts = 2 + rng.poisson(2.2, count) + (rng.random(count) < 0.12) * rng.integers(3, 15, count)
    under_way = np.select([age < 1, age < 2, age <= lasts], ["placed", "paid", "shipped"], "delivered")
    status = np.where(rng.random(count) < _CANCELLED_SHARE, "cancelled", under_way)
    changed = np.where(status == "delivered", lasts * 86400 + 20_000, age * 86400) + 300
    return Orders(
        purchases=purchases,
        baskets=baskets,
        account=taken(account_ids(block), account),
        status=status,
        lasts=lasts,
        ids="W" + pl.Series(block.first_number(IDS_PER_PERSON) + np.arange(count)).cast(pl.String),
        updated=np.minimum(purchases.at + changed, AS_OF_SECONDS - 300),
    )


def write_orders(block: Block, orders: Orders) -> None:
    """Write the orders, some with the version they had when they were placed, and their lines."""
    rng = block.streams.of("order rows")
    at, status = orders.purchases.at, orders.status
    cancelled = np.where(status == "cancelled", np.minimum(at + 7200, AS_OF_SECONDS - 400), -1)
    shipping = np.where(orders.baskets.net_total > 19900, 0, 990 + rng.integers(0, 30, len(orders)) * 50)
    frame = _order_frame(block, orders, rng).with_columns(
        status=pl.Series(status),
        shipping=pl.Series(shipping),
        updated=utc_times(orders.updated),
        cancelled=utc_times(cancelled),
    )
    has_older = (rng.random(len(orders)) < 0.06) & (orders.updated > at + 600) & (status != "placed")
    older_rows = np.flatnonzero(has_older)
    older = frame[older_rows].with_columns(
        status=pl.lit("placed"), updated="at", cancelled=pl.lit(None, dtype=pl.Datetime("us"))
    )
    deliver(
        block.landing,
        ORDERS,
        _order_objects(frame),
        orders.purchases.day,
        block.streams,
        older=_order_objects(older),
        older_rows=older_rows,
    )
    block.truth.records("ecommerce_orders", "ecommerce", orders.ids, block.people.ids(orders.purchases.buyer))
    _write_lines(block, orders, rng)


def _order_frame(block: Block, orders: Orders, rng: np.random.Generator) -> pl.DataFrame:
    """Return orders with a person block for guests and for some who typed their data again."""
    purchases, baskets, count = orders.purchases, orders.baskets, len(orders)
    typed = np.flatnonzero(orders.account.is_null().to_numpy() | (rng.random(count) < _TYPED_AGAIN_SHARE))
    forms = render(block.people, purchases.buyer[typed], SHOP, block.streams.of("order forms"))
    place = np.full(count, -1)
    place[typed] = np.arange(len(typed))
    coupon = pl.Series(purchases.campaign)
    return pl.DataFrame(
        {
            "order_id": orders.ids,
            "account_id": orders.account,
            "at": utc_times(purchases.at),
            "gross": baskets.gross_total,
            "discount": baskets.discount_total,
            "net": baskets.net_total,
        }
    ).with_columns(
        *taken_rows(forms, place),
        coupon=pl.when(coupon >= 0).then(pl.lit("CAMP") + coupon.cast(pl.String)),
        payment=pl.Series(np.array(_PAYMENTS)[pick(rng, (55, 30, 8, 7), count)]),
        channel=pl.Series(np.where(rng.random(count) < 0.38, "app", "site")),
    )


def _order_objects(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        "order_id",
        "account_id",
        buyer=pl.struct(name="person_name", tax_id="document_number", email="email", phone="phone"),
        ship_to=pl.struct(
            "street",
            number="street_number",
            complement="address_complement",
            district="district",
            city="city",
            state="state_code",
            postal_code="postal_code",
        ),
        placed_at=iso_instant("at"),
        status="status",
        channel="channel",
        totals=pl.struct(
            *[_JSON.amount(pl.col(name)).alias(name) for name in ("gross", "discount", "shipping", "net")]
        ),
        coupon="coupon",
        payment="payment",
        cancelled_at=iso_instant("cancelled"),
        updated_at=iso_instant("updated"),
    )


def _write_lines(block: Block, orders: Orders, rng: np.random.Generator) -> None:
    baskets, owner = orders.baskets, orders.baskets.purchase
    count, at = len(owner), orders.purchases.at[owner]
    returned_at = at + (orders.lasts[owner] + 1 + rng.integers(0, 12, count)) * 86400
    returned = (rng.random(count) < _RETURNED_SHARE) & (orders.status[owner] == "delivered")
    returned &= returned_at < AS_OF_SECONDS - 600
    frame = pl.DataFrame(
        {
            "order_id": orders.ids.gather(owner),
            "line": baskets.line_number,
            "sku": block.catalogue.products["product_id"].gather(baskets.product),
            "quantity": baskets.quantity,
            "unit_price": baskets.unit_price,
            "discount": baskets.discount,
            "net_amount": baskets.net,
            "returned": returned,
            "returned_at": utc_times(np.where(returned, returned_at, -1)),
            "updated": utc_times(np.where(returned, returned_at, at)),
        }
    )
    written = frame.select(
        "order_id",
        "line",
        "sku",
        "quantity",
        *[_PACKED.amount(pl.col(name)).alias(name) for name in ("unit_price", "discount", "net_amount")],
        returned_quantity=pl.when("returned").then("quantity"),
        returned_amount=pl.when("returned").then(_PACKED.amount(pl.col("net_amount"))),
        returned_at=iso_instant("returned_at"),
        updated_at=iso_instant("updated"),
    )
    deliver(block.landing, LINES, written, orders.purchases.day[owner], block.streams)
