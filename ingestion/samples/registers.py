"""The registers that systems keep: who is in which, and how each knows a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ingestion.samples import recipes
from ingestion.samples.profiles import render
from ingestion.samples.random_streams import repeated
from ingestion.samples.traits import Traits, accounts_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingestion.samples.people import Population
    from ingestion.samples.random_streams import Streams


@dataclass(frozen=True)
class Register:
    """Profiles of one system: `owner` is the entity row of each, `of` the first profile of each entity or -1."""

    owner: NDArray[np.int64]
    profiles: pl.DataFrame
    first: NDArray[np.int64]
    count: NDArray[np.int64]

    def some_profile(self, entities: NDArray[Any], rng: np.random.Generator) -> NDArray[np.int64]:
        """Return one of the profiles of each entity; -1 for those the system does not know."""
        drawn = self.first[entities] + (rng.random(len(entities)) * self.count[entities]).astype(np.int64)
        return np.where(self.count[entities] > 0, drawn, -1)


@dataclass(frozen=True)
class Registers:
    """All registers of one block."""

    crm: Register
    legacy: Register
    shop: Register
    till: Register
    mailing: Register


def registered_on(traits: Traits, register: Register, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the day on which each profile was registered: years before the history for old customers."""
    first = traits.first_day[register.owner]
    old = -(rng.random(len(first)) ** 1.5 * 2600).astype(np.int64) - 1
    return np.where(first == 0, old, first)


def make_registers(people: Population, traits: Traits, streams: Streams) -> Registers:
    """Draw who stands in which register, some people more than once, and render every profile."""
    rng = streams.of("registers")
    count = len(people)
    scale = np.where(people.is_company, 0.7, 1.0)

    def counts(share: float, again: float) -> NDArray[np.int64]:
        known = (rng.random(count) < share * scale).astype(np.int64)
        return known + known * rng.poisson(again, count)

    shop = np.zeros(count, dtype=np.int64)
    shop[accounts_of(traits, rng)] = 1
    shop += shop * (rng.random(count) < 0.06)
    wanted = {
        "crm": (counts(0.56, 0.05), recipes.CRM),
        "legacy": (counts(0.14, 0.03), recipes.LEGACY),
        "shop": (shop, recipes.SHOP),
        "till": (1 + rng.poisson(0.45, count), recipes.TILL),
        "mailing": (counts(0.40, 0.25), recipes.MAILING),
    }
    return Registers(
        **{name: _register(people, many, recipe, streams.of(name)) for name, (many, recipe) in wanted.items()}
    )


def _register(people: Population, counts: NDArray[Any], recipe: recipes.Recipe, rng: np.random.Generator) -> Register:
    owner, _ = repeated(counts)
    first = np.cumsum(counts) - counts
    return Register(owner, render(people, owner, recipe, rng), first, counts)
