"""The online shop: accounts, orders with guests among them, lines with returns, and deliveries, as JSON lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from ingestion.samples.deliveries import FeedFiles, deliver
from ingestion.samples.landing_files import Form
from ingestion.samples.purchases import Baskets, Purchases, fill_baskets
from ingestion.samples.random_streams import pick
from ingestion.samples.registers import Register
from ingestion.samples.seasons import AS_OF_SECONDS, dates, day_of, instants, iso_instant, utc_times

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingestion.samples.block import Block

_JSON = Form("jsonl")
_PACKED = Form("jsonl", is_compressed=True)
ACCOUNTS = FeedFiles(
    "ecommerce_accounts",
    "ecommerce_accounts",
    "ecommerce/accounts",
    _JSON,
    "id",
    (("created_at", "ontem", "type_mismatch"), ("gender", "neither", "not_in_vocabulary")),
    is_torn=True,
)
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
DELIVERIES = FeedFiles(
    "ecommerce_deliveries",
    "ecommerce_deliveries",
    "ecommerce/deliveries",
    _JSON,
    "delivery_id",
    (("promised_on", "soon", "type_mismatch"), ("status", "teleported", "not_in_vocabulary")),
)
IDS_PER_PERSON = 100
_PAYMENTS = ("credit_card", "pix", "boleto", "wallet")
_CARRIERS = ("Correios", "Rápido Sul", "TransNorte", "Motoboy")
_ACQUISITION = ("organic_search", "paid_search", "paid_social", "direct", "referral", "store", "email")


def account_ids(block: Block) -> pl.Series:
    """Return the account id of each profile of the shop's register."""
    numbers = block.first_number(4) + np.arange(len(block.registers.shop.owner))
    return "A" + pl.Series(numbers).cast(pl.String)


def registered_on(block: Block, register: Register, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the day on which each profile was registered: years before the history for old customers."""
    first = block.traits.first_day[register.owner]
    old = -(rng.random(len(first)) ** 1.5 * 2600).astype(np.int64) - 1
    return np.where(first == 0, old, first)


def write_accounts(block: Block) -> None:
    """Write the accounts, some with an older version before the current one."""
    rng = block.streams.of("accounts")
    register, ids = block.registers.shop, account_ids(block)
    days = registered_on(block, register, rng)
    created = instants(rng, days, "online", block.offset)
    updated = np.minimum(created + (rng.random(len(days)) * 200 * 86400).astype(np.int64), AS_OF_SECONDS - 600)
    deleted = np.where(rng.random(len(days)) < 0.004, np.minimum(updated + 86400, AS_OF_SECONDS - 300), -1)
    profile = register.profiles
    gender = block.people.entities["gender"].gather(register.owner)
    frame = pl.DataFrame(
        {"id": ids, "created": utc_times(created), "updated": utc_times(updated), "deleted": utc_times(deleted)}
    )
    frame = frame.with_columns(
        *profile,
        gender=gender.set(pl.Series(rng.random(len(days)) < 0.5), None),
        source=pl.Series(np.array(_ACQUISITION)[pick(rng, (30, 18, 16, 14, 8, 8, 6), len(days))]),
    )
    older_rows = np.flatnonzero(rng.random(len(days)) < 0.03)
    older_rows = older_rows[(created < updated)[older_rows]]
    older = frame[older_rows].with_columns(updated=pl.col("created"), phone=pl.lit(None, dtype=pl.String))
    deliver(
        block.landing,
        ACCOUNTS,
        _account_objects(frame),
        days,
        block.streams,
        older=_account_objects(older),
        older_rows=older_rows,
    )
    block.truth.records("ecommerce_accounts", "ecommerce", ids, block.people.ids(register.owner))


def _account_objects(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        "id",
        profile=pl.struct(
            name="person_name", tax_id="document_number", birth_date=pl.col("birth_date").dt.strftime("%Y-%m-%d")
        ),
        contact=pl.struct("email", phone="phone"),
        address=pl.struct(
            "street",
            number="street_number",
            complement="address_complement",
            district="district",
            city="city",
            state="state_code",
            postal_code="postal_code",
            country="country_code",
        ),
        gender="gender",
        acquisition="source",
        loyalty_card="loyalty_card_id",
        created_at=iso_instant("created"),
        updated_at=iso_instant("updated"),
        deleted_at=iso_instant("deleted"),
    )


def write_orders(block: Block, purchases: Purchases) -> pl.DataFrame:
    """Write orders, lines and deliveries; return source_order_id, buyer, at, net, contact, is_late, account (or null)."""
    rng = block.streams.of("orders")
    count = len(purchases)
    baskets = fill_baskets(purchases, block.traits, block.catalogue, rng)
    ids = "W" + pl.Series(block.first_number(IDS_PER_PERSON) + np.arange(count)).cast(pl.String)
    account_row = block.registers.shop.some_profile(purchases.buyer, rng)
    account_row = np.where(rng.random(count) < 0.12, -1, account_row)
    age = (AS_OF_SECONDS - purchases.at) // 86400
    cancelled = rng.random(count) < 0.035
    lasts = 2 + rng.poisson(2.2, count) + (rng.random(count) < 0.12) * rng.integers(3, 15, count)
    status = np.where(
        cancelled,
        "cancelled",
        np.where(age < 1, "placed", np.where(age < 2, "paid", np.where(age <= lasts, "shipped", "delivered"))),
    )
    shipping = np.where(baskets.net_total > 19900, 0, 990 + rng.integers(0, 30, count) * 50)
    updated = np.minimum(
        purchases.at + np.where(status == "delivered", lasts * 86400 + 20_000, age * 86400) + 300, AS_OF_SECONDS - 300
    )
    account = account_ids(block).gather(pl.Series(np.maximum(account_row, 0))).set(pl.Series(account_row < 0), None)
    evidence = (account_row < 0) | (rng.random(count) < 0.2)
    frame = _order_frame(block, purchases, baskets, ids, account, evidence, rng).with_columns(
        status=pl.Series(status),
        shipping=pl.Series(shipping),
        updated=utc_times(updated),
        cancelled=utc_times(np.where(cancelled, np.minimum(purchases.at + 7200, AS_OF_SECONDS - 400), -1)),
    )
    older_rows = np.flatnonzero((rng.random(count) < 0.06) & (updated > purchases.at + 600) & (status != "placed"))
    older = frame[older_rows].with_columns(
        status=pl.lit("placed"), updated="at", cancelled=pl.lit(None, dtype=pl.Datetime("us"))
    )
    deliver(
        block.landing,
        ORDERS,
        _order_objects(frame),
        purchases.day,
        block.streams,
        older=_order_objects(older),
        older_rows=older_rows,
    )
    block.truth.records("ecommerce_orders", "ecommerce", ids, block.people.ids(purchases.buyer))
    _write_lines(block, baskets, ids, status, purchases, lasts, rng)
    promised, late = _write_deliveries(block, ids, purchases, status, lasts, updated, rng)
    return pl.DataFrame(
        {
            "source_order_id": ids,
            "buyer": purchases.buyer,
            "at": purchases.at,
            "net": baskets.net_total,
            "contact": purchases.contact,
            "is_late": late,
            "account": account,
            "product": _first_product(baskets),
        }
    )


def _first_product(baskets: Baskets) -> NDArray[np.int64]:
    return baskets.product[np.flatnonzero(baskets.line_number == 1)]


def _order_frame(block: Block, purchases: Purchases, baskets: Baskets, ids, account, evidence, rng) -> pl.DataFrame:  # noqa: ANN001
    """Return orders with a person block for guests and for some who typed their data again."""
    count = len(purchases)
    from ingestion.samples.profiles import SHOP, render

    typed = np.flatnonzero(evidence)
    block_of = render(block.people, purchases.buyer[typed], SHOP, block.streams.of("order forms"))
    place = np.full(count, -1)
    place[typed] = np.arange(len(typed))
    person = block_of[np.maximum(place, 0)] if len(typed) else block_of.clear(count)
    person = person.with_columns([person[name].set(pl.Series(place < 0), None) for name in person.columns])
    coupon = pl.Series(purchases.campaign)
    return pl.DataFrame(
        {
            "order_id": ids,
            "account_id": account,
            "at": utc_times(purchases.at),
            "gross": baskets.gross_total,
            "discount": baskets.discount_total,
            "net": baskets.net_total,
        }
    ).with_columns(
        *person,
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


def _write_lines(block: Block, baskets: Baskets, ids, status, purchases, lasts, rng) -> None:  # noqa: ANN001
    owner = baskets.purchase
    returned_at = purchases.at[owner] + (lasts[owner] + 1 + rng.integers(0, 12, len(owner))) * 86400
    returned = (rng.random(len(owner)) < 0.045) & (status[owner] == "delivered") & (returned_at < AS_OF_SECONDS - 600)
    frame = pl.DataFrame(
        {
            "order_id": ids.gather(owner),
            "line": baskets.line_number,
            "sku": block.catalogue.products["product_id"].gather(baskets.product),
            "quantity": baskets.quantity,
            "unit_price": baskets.unit_price,
            "discount": baskets.discount,
            "net_amount": baskets.net,
            "returned": returned,
            "returned_at": utc_times(np.where(returned, returned_at, -1)),
            "updated": utc_times(np.where(returned, returned_at, purchases.at[owner])),
        }
    )
    deliver(
        block.landing,
        LINES,
        frame.select(
            "order_id",
            "line",
            "sku",
            "quantity",
            *[_PACKED.amount(pl.col(name)).alias(name) for name in ("unit_price", "discount", "net_amount")],
            returned_quantity=pl.when("returned").then("quantity"),
            returned_amount=pl.when("returned").then(_PACKED.amount(pl.col("net_amount"))),
            returned_at=iso_instant("returned_at"),
            updated_at=iso_instant("updated"),
        ),
        purchases.day[owner],
        block.streams,
    )


def _write_deliveries(block: Block, ids, purchases, status, lasts, updated, rng):  # noqa: ANN001, ANN202
    """Write one delivery per order that was paid; return the day promised and whether it was missed."""
    promised = purchases.day + 4 + rng.integers(0, 4, len(ids))
    shipped = purchases.at + 86400 + rng.integers(0, 40000, len(ids))
    delivered = purchases.at + lasts * 86400 + rng.integers(-20000, 20000, len(ids))
    is_delivered = status == "delivered"
    today = int(day_of(np.array([AS_OF_SECONDS]), block.offset)[0])
    arrived = day_of(delivered, block.offset)
    late = np.where(is_delivered, arrived > promised, (status == "shipped") & (today > promised))
    rows = np.flatnonzero(np.isin(status, ["paid", "shipped", "delivered"]))
    state = np.where(is_delivered, "delivered", np.where(status == "shipped", "in_transit", "pending"))
    frame = pl.DataFrame(
        {
            "delivery_id": "D" + ids,
            "order_id": ids,
            "carrier": np.array(_CARRIERS)[pick(rng, (50, 25, 15, 10), len(ids))],
            "promised_on": dates(promised),
            "shipped": utc_times(np.where(status == "paid", -1, np.minimum(shipped, AS_OF_SECONDS - 900))),
            "delivered": utc_times(np.where(is_delivered, np.minimum(delivered, AS_OF_SECONDS - 600), -1)),
            "status": state,
            "updated": utc_times(updated),
        }
    )[rows]
    deliver(
        block.landing,
        DELIVERIES,
        frame.select(
            "delivery_id",
            "order_id",
            "carrier",
            promised_on=pl.col("promised_on").dt.strftime("%Y-%m-%d"),
            shipped_at=iso_instant("shipped"),
            delivered_at=iso_instant("delivered"),
            status="status",
            updated_at=iso_instant("updated"),
        ),
        purchases.day[rows],
        block.streams,
    )
    return promised, late
