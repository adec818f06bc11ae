"""Generate every sample feed, block of people by block, with the truth beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from ingestion.samples import (
    accounts,
    advertising,
    browsing,
    campaigns,
    companies,
    consents,
    crm,
    ecommerce,
    outcomes,
    pos,
    receipts,
    reference,
    responses,
    service,
    shipping,
    subscriptions,
)
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
    from numpy.typing import NDArray

    from ingestion.samples.catalogue import Catalogue
    from ingestion.samples.locales import Locale

BLOCK_PEOPLE = 25_000
_COUNTRY_BLOCK = 1_000_000_000
_SMALL, _MEDIUM = 1_000, 20_000
_REDELIVERED = {
    "crm/customers_2024-07.csv": "crm/customers_2024-07_copy.csv",
    "ecommerce/deliveries_2025-07.jsonl": "ecommerce/deliveries_2025-07_copy.jsonl",
    "pos/vendas_2025-07.csv": "pos/vendas_2025-07_copy.csv",
}
"""Files that arrive twice, the second time under another name."""


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
    words = load_locale(locale)
    landing, truth = Landing(folder / "landing", _months_per_file(people)), Truth(folder / "truth")
    for taken in (landing.folder, truth.folder):
        if taken.exists() and any(taken.iterdir()):
            raise ConfigError("there are files already; samples are never mixed with them", file=taken)
    shared = Streams(seed, _COUNTRY_BLOCK)
    country = _Country(words, make_streets(words, people, shared), make_catalogue(words, shared), landing, truth)
    advertising.write_ad_spend(words, landing, Streams(seed, 0), people)
    effects = np.zeros((len(campaigns.EFFECTS), 6))
    for number, first in enumerate(range(0, people, BLOCK_PEOPLE)):
        count = min(BLOCK_PEOPLE, people - first)
        effects += _write_block(country, Streams(seed, number), first, count)
    outcomes.write_channel_effects(truth, effects)
    for name, other in _REDELIVERED.items():
        landing.redeliver(name, other)
    landing.close()
    truth.close(landing)
    rows: dict[str, int] = {}
    for one in landing.accounts.values():
        rows[one.contract] = rows.get(one.contract, 0) + sum(one.rows.values())
    return SampleSummary(folder, people, dict(sorted(rows.items())))


def _months_per_file(people: int) -> int:
    """Return the months of one file: small samples come in few files, so that landing them takes seconds."""
    if people <= _SMALL:
        return 12
    return 6 if people <= _MEDIUM else 1


@dataclass(frozen=True)
class _Country:
    """What all blocks share."""

    locale: Locale
    streets: pl.DataFrame
    catalogue: Catalogue
    landing: Landing
    truth: Truth


def _write_block(country: _Country, streams: Streams, first: int, count: int) -> NDArray[np.float64]:
    """Write `count` people and all they did; return the sums of campaign effects."""
    people = make_population(country.locale, country.streets, streams, first, count)
    traits = make_traits(people, country.catalogue, streams)
    registers = make_registers(people, traits, streams)
    block = Block(people, traits, registers, country.catalogue, streams, country.landing, country.truth)
    if streams.block == 0:
        reference.write_reference(block, country.streets)
        campaigns.write_campaigns(block)
    outcomes.write_people(block)
    outcomes.write_messes(block)
    crm.write_customers(block)
    crm.write_legacy(block)
    companies.write_companies(block)
    accounts.write_accounts(block)
    return _write_activity(block)


def _write_activity(block: Block) -> NDArray[np.float64]:
    """Write what people did, in the order in which one thing leads to another; return the sums of campaign effects."""
    contacts = campaigns.plan_contacts(block, campaigns.make_calendar())
    base = base_purchases(block.people, block.traits, block.streams)
    purchases = campaigns.with_caused_purchases(block, contacts, base)
    store = pos.write_sales(block, purchases.where(~purchases.is_online))
    ordered = ecommerce.make_orders(block, purchases.where(purchases.is_online))
    ecommerce.write_orders(block, ordered)
    online = shipping.order_outcomes(ordered, shipping.write_deliveries(block, ordered))
    orders = pl.concat(
        [store.with_columns(system=pl.lit("pos")), online.with_columns(system=pl.lit("ecommerce"))], how="diagonal"
    )
    campaigns.write_contacts(block, contacts)
    answers = responses.draw_responses(block, contacts, orders)
    responses.write_responses(block, contacts, answers)
    browsing.write_events(block, online, contacts, answers)
    decisions = consents.write_consents(block)
    told = receipts.write_receipts(block)
    cases = service.write_service_contacts(block, orders)
    outcomes.write_consent(block, decisions, contacts, answers, told)
    outcomes.write_service(block, cases, subscriptions.write_contracts(block))
    return outcomes.write_contact_effects(block, contacts, purchases)
