"""Generate every sample feed, block of people by block, with the truth beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from ingestion.samples import campaigns, consents, crm, ecommerce, pos, reference, responses, service
from ingestion.samples.addresses import make_streets
from ingestion.samples.block import Block
from ingestion.samples.catalogue import make_catalogue
from ingestion.samples.landing_files import Landing
from ingestion.samples.locales import load_locale
from ingestion.samples.people import make_population
from ingestion.samples.purchases import base_purchases
from ingestion.samples.random_streams import Streams
from ingestion.samples.registers import make_registers
from ingestion.samples.traits import make_traits
from ingestion.samples.truth import Truth
from workspace.errors import ConfigError

if TYPE_CHECKING:
    from ingestion.samples.catalogue import Catalogue
    from ingestion.samples.locales import Locale

BLOCK_PEOPLE = 25_000
_COUNTRY_BLOCK = 1_000_000_000
_SMALL = 20_000


@dataclass(frozen=True)
class SampleSummary:
    """What was generated."""

    folder: Path
    people: int
    rows: dict[str, int]
    """Rows written by contract, the broken and repeated ones among them."""

    @property
    def total_rows(self) -> int:
        """Return the rows of all feeds."""
        return sum(self.rows.values())


def generate_samples(folder: Path, *, people: int, seed: int, locale: str = "BR") -> SampleSummary:
    """Write two years of every feed for `people` people below folder/landing, and the truth below folder/truth.

    The same people, seed and locale give the same bytes. Memory is that of one block of 25,000 people.

    Raises:
        ConfigError: there are files already, or the locale is unknown.
    """
    country = load_locale(locale)
    landing, truth = Landing(folder / "landing", 6 if people <= _SMALL else 1), Truth(folder / "truth")
    for taken in (landing.folder, truth.folder):
        if taken.exists() and any(taken.iterdir()):
            raise ConfigError("there are files already; samples are never mixed with them", file=taken)
    streets = make_streets(country, people, Streams(seed, _COUNTRY_BLOCK))
    catalogue = make_catalogue(country, Streams(seed, _COUNTRY_BLOCK))
    for number, first in enumerate(range(0, people, BLOCK_PEOPLE)):
        count = min(BLOCK_PEOPLE, people - first)
        _write_block(country, streets, catalogue, Streams(seed, number), landing, truth, first, count)
    landing.close()
    truth.close(landing)
    rows: dict[str, int] = {}
    for one in landing.accounts.values():
        rows[one.contract] = rows.get(one.contract, 0) + sum(one.rows.values())
    return SampleSummary(folder, people, dict(sorted(rows.items())))


def _write_block(
    country: Locale, streets: pl.DataFrame, catalogue: Catalogue, streams: Streams, landing: Landing, truth: Truth,
    first: int, count: int,
) -> None:
    people = make_population(country, streets, streams, first, count)
    traits = make_traits(people, catalogue, streams)
    block = Block(people, traits, make_registers(people, traits, streams), catalogue, streams, landing, truth)
    if streams.block == 0:
        reference.write_reference(block, streets)
        campaigns.write_campaigns(block)
    crm.write_customers(block)
    crm.write_legacy(block)
    ecommerce.write_accounts(block)
    contacts = campaigns.plan_contacts(block, campaigns.make_calendar())
    purchases = campaigns.with_caused_purchases(block, contacts, base_purchases(people, traits, streams))
    store = pos.write_sales(block, purchases.where(~purchases.is_online))
    online = ecommerce.write_orders(block, purchases.where(purchases.is_online))
    orders = pl.concat(
        [store.with_columns(system=pl.lit("pos")), online.with_columns(system=pl.lit("ecommerce"))], how="diagonal"
    )
    campaigns.write_contacts(block, contacts)
    responses.write_responses(block, contacts, responses.draw_responses(block, contacts, orders))
    consents.write_consents(block)
    service.write_service_contacts(block, orders)
