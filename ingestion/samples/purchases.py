"""Who buys what, when and where: purchases and their baskets, exact to the cent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ingestion.samples.random_streams import pick_frequent, repeated
from ingestion.samples.seasons import AS_OF_SECONDS, busy_days, busyness, instants

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingestion.samples.catalogue import Catalogue
    from ingestion.samples.people import Population
    from ingestion.samples.random_streams import Streams
    from ingestion.samples.traits import Traits


@dataclass(frozen=True)
class Purchases:
    """One value per purchase, by no particular order."""

    buyer: NDArray[np.int64]
    day: NDArray[np.int64]
    at: NDArray[np.int64]
    """UTC seconds."""
    is_online: NDArray[np.bool_]
    store: NDArray[np.int64]
    """Row of the store in the catalogue, for store purchases."""
    contact: NDArray[np.int64]
    """Row of the campaign contact that caused the purchase, -1 for one that would have happened anyway."""
    campaign: NDArray[np.int64]
    """Campaign whose coupon was used, -1 for none."""

    def __len__(self) -> int:
        return len(self.buyer)

    def where(self, mask: NDArray[Any]) -> Purchases:
        """Return the purchases at a mask or at row numbers."""
        return Purchases(**{name: values[mask] for name, values in vars(self).items()})


@dataclass(frozen=True)
class Baskets:
    """Lines of purchases; amounts in cents; totals aligned with the purchases."""

    purchase: NDArray[np.int64]
    line_number: NDArray[np.int64]
    product: NDArray[np.int64]
    quantity: NDArray[np.int64]
    unit_price: NDArray[np.int64]
    discount: NDArray[np.int64]
    net: NDArray[np.int64]
    gross_total: NDArray[np.int64]
    discount_total: NDArray[np.int64]
    net_total: NDArray[np.int64]


def base_purchases(people: Population, traits: Traits, streams: Streams) -> Purchases:
    """Return the purchases that happen without any campaign."""
    rng = streams.of("purchases")
    counts = rng.poisson(traits.rate * busyness(traits.first_day, traits.end_day))
    buyer, _ = repeated(counts)
    day = busy_days(rng, traits.first_day[buyer], traits.end_day[buyer])
    return timed(people, traits, rng, buyer, day)


def timed(
    people: Population,
    traits: Traits,
    rng: np.random.Generator,
    buyer: NDArray[Any],
    day: NDArray[Any],
    *,
    contact: NDArray[Any] | None = None,
    campaign: NDArray[Any] | None = None,
) -> Purchases:
    """Give purchases their place and instant; what would lie after the history's end is moved to its last day."""
    count = len(buyer)
    online = rng.random(count) < traits.online_share[buyer]
    offset = people.locale.utc_offset_hours
    at = np.where(online, instants(rng, day, "online", offset), instants(rng, day, "store", offset))
    none = np.full(count, -1, dtype=np.int64)
    return Purchases(
        buyer=buyer,
        day=day,
        at=np.minimum(at, AS_OF_SECONDS - 600),
        is_online=online,
        store=traits.home_store[buyer],
        contact=none if contact is None else contact,
        campaign=none if campaign is None else campaign,
    )


def joined(first: Purchases, second: Purchases) -> Purchases:
    """Return both sets of purchases, the first one's before the second one's."""
    return Purchases(**{name: np.concatenate([values, vars(second)[name]]) for name, values in vars(first).items()})


def fill_baskets(purchases: Purchases, traits: Traits, catalogue: Catalogue, rng: np.random.Generator) -> Baskets:
    """Return the lines of every purchase: popular products, the buyer's department, premium taste and discounts."""
    count = len(purchases)
    owner, position = repeated(1 + np.minimum(rng.poisson(1.25, count), 11))
    buyer = purchases.buyer[owner]
    product = _products(buyer, traits, catalogue, rng)
    quantity = 1 + (rng.random(len(owner)) < 0.16) * rng.integers(1, 4, len(owner))
    price = catalogue.price_cents[product]
    gross = price * quantity
    percent = _discount_percent(purchases, traits, rng)[owner]
    discount = gross * percent // 100
    net = gross - discount
    totals = [np.bincount(owner, weights=values, minlength=count).astype(np.int64) for values in (gross, discount, net)]
    return Baskets(owner, position + 1, product, quantity, price, discount, net, *totals)


def _products(buyer: NDArray[Any], traits: Traits, catalogue: Catalogue, rng: np.random.Generator) -> NDArray[np.int64]:
    count = len(buyer)
    product = pick_frequent(rng, len(catalogue.price_cents), count, exponent=0.7, shift=8)
    wants_premium = rng.random(count) < traits.premium_taste[buyer]
    premium = np.flatnonzero(catalogue.is_premium)
    product = np.where(wants_premium, premium[rng.integers(0, len(premium), count)], product)
    goods = len(catalogue.price_cents) - len(catalogue.products.filter(catalogue.products["product_kind"] == "service"))
    return np.where(
        rng.random(count) < 0.02, goods + rng.integers(0, len(catalogue.price_cents) - goods, count), product
    )


def _discount_percent(purchases: Purchases, traits: Traits, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return whole percents: a coupon gives 15, bargain hunters get something most of the time, others seldom."""
    count = len(purchases)
    hunts = rng.random(count) < traits.discount_taste[purchases.buyer]
    promotion = np.array([5, 10, 10, 20, 30])[rng.integers(0, 5, count)]
    return np.where(purchases.campaign >= 0, 15, np.where(hunts, promotion, 0))
