"""What drives each customer: how often they buy, where, at what price, and which channel they listen to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ingestion.samples.random_streams import pick
from ingestion.samples.seasons import DAY_COUNT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingestion.samples.catalogue import Catalogue
    from ingestion.samples.people import Population
    from ingestion.samples.random_streams import Streams

LISTENING = ("email", "whatsapp", "sms", "push", "telemarketing", "direct_mail")
"""Channels one of which is each person's favourite."""
_FAVOURITE_WEIGHTS = (0.34, 0.30, 0.10, 0.12, 0.06, 0.08)
_MEAN_YEARLY_PURCHASES = 3.3
_YEARLY_DROPOUT = 0.30


@dataclass(frozen=True)
class Traits:
    """One value per entity of a population."""

    rate: NDArray[np.float64]
    """Purchases in a mean year while active."""
    first_day: NDArray[np.int64]
    end_day: NDArray[np.int64]
    online_share: NDArray[np.float64]
    discount_taste: NDArray[np.float64]
    premium_taste: NDArray[np.float64]
    identifies: NDArray[np.float64]
    """Chance that a till receipt names the buyer."""
    favourite: NDArray[np.int64]
    """Position in LISTENING."""
    home_store: NDArray[np.int64]
    interest: NDArray[np.int64]
    """Position of the department they like most."""


def make_traits(people: Population, catalogue: Catalogue, streams: Streams) -> Traits:
    """Draw the traits: purchase rates are gamma distributed and customers leave at a constant hazard, as in BG/NBD."""
    rng = streams.of("traits")
    count = len(people)
    company = people.is_company
    rate = rng.gamma(0.75, _MEAN_YEARLY_PURCHASES / 0.75, count) * np.where(company, 2.2, 1.0)
    joined_before = rng.random(count) < 0.62
    first = np.where(joined_before, 0, (rng.random(count) ** 0.8 * DAY_COUNT).astype(np.int64))
    stay = (rng.exponential(365 / _YEARLY_DROPOUT, count)).astype(np.int64) + 1
    city = people.homes["city_number"].to_numpy()[people.home]
    sizes = np.array([len(one) for one in catalogue.stores_of_city])
    starts = np.array([one[0] for one in catalogue.stores_of_city])
    return Traits(
        rate=np.minimum(rate, 60),
        first_day=first,
        end_day=np.minimum(first + stay, DAY_COUNT),
        online_share=rng.beta(0.5, 1.3, count),
        discount_taste=rng.beta(0.9, 2.2, count),
        premium_taste=rng.beta(0.7, 3.0, count),
        identifies=np.where(company, 0.9, rng.beta(2.0, 1.2, count)),
        favourite=pick(rng, _FAVOURITE_WEIGHTS, count),
        home_store=starts[city] + (rng.random(count) * sizes[city]).astype(np.int64),
        interest=rng.integers(0, 7, count),
    )


def accounts_of(traits: Traits, rng: np.random.Generator) -> NDArray[Any]:
    """Return the entity rows that registered in the online shop: those who like to buy there, mostly."""
    return np.flatnonzero(rng.random(len(traits.rate)) < 0.25 + 0.9 * traits.online_share)
