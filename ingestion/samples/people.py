"""One block of the population: households, the people in them, companies, and what is true about each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ingestion.samples import documents, phones
from ingestion.samples.addresses import make_homes
from ingestion.samples.naming import family_mails, mails, names_and_births, words
from ingestion.samples.random_streams import Streams, pick
from ingestion.samples.spelling import bare

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingestion.samples.locales import Locale

COMPANY_OFFSET = 10_000_000_000
"""Person ids of companies start here."""
_PEOPLE_PER_CASHIER = 5_000
_HOUSEHOLD_SIZES = (0.42, 0.25, 0.17, 0.12, 0.04)
_COMPANY_SHARE = 0.025


@dataclass(frozen=True)
class Population:
    """People first, then companies: `entities` has one row for each, and every array is aligned with it."""

    locale: Locale
    first_index: int
    person_count: int
    entities: pl.DataFrame
    """Name parts, document, mails, phones, birth_date, gender, loyalty card, person_id, household_id, company facts."""
    homes: pl.DataFrame
    home: NDArray[np.int64]
    earlier_home: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.entities)

    @property
    def cashier_count(self) -> int:
        """Return how many people, the first ones, work at tills and type their own document for customers without."""
        return min(self.person_count, max(2, self.person_count // _PEOPLE_PER_CASHIER))

    @property
    def is_company(self) -> NDArray[np.bool_]:
        """Tell which entities are companies."""
        return np.arange(len(self)) >= self.person_count

    def ids(self, rows: NDArray[Any]) -> NDArray[np.int64]:
        """Return the person ids of entity rows."""
        return self.entities["person_id"].to_numpy()[rows]


def make_population(
    locale: Locale, streets: pl.DataFrame, streams: Streams, first_index: int, count: int
) -> Population:
    """Make `count` people with their households and companies; `first_index` numbers them in the whole country."""
    rng = streams.of("people")
    sizes = pick(rng, _HOUSEHOLD_SIZES, count) + 1
    household = np.repeat(np.arange(count), sizes)[:count]
    households = int(household[-1]) + 1
    companies = max(2, int(count * _COMPANY_SHARE))
    homes = make_homes(streets, households + companies, rng, locale)
    area = homes["area_code"].to_numpy()
    person = _persons(locale, streams, household, area[household], first_index)
    moved = rng.random(count) < 0.08
    earlier = np.where(moved, rng.integers(0, households, count), household)
    company = _companies(
        locale, streams, person, household, area[:households], index=first_index + np.arange(companies)
    )
    home = np.concatenate(
        [household, np.where(company["owner_home"], company["home"], households + np.arange(companies))]
    )
    entities = pl.concat([person, company.drop("owner_home", "home")], how="diagonal")
    return Population(
        locale,
        first_index,
        count,
        entities,
        homes,
        home,
        np.concatenate([earlier, home[count:]]),
    )


def _persons(
    locale: Locale, streams: Streams, household: NDArray[Any], area: NDArray[Any], first_index: int
) -> pl.DataFrame:
    rng = streams.of("persons")
    count, households = len(household), int(household[-1]) + 1
    index = first_index + np.arange(count)
    names, birth, female = names_and_births(locale, rng, household)
    addresses = mails(locale, rng, names, birth, index)
    mobile = phones.mobiles(locale.country, area, index, streams.seed)
    recycled = np.flatnonzero(rng.random(count) < 0.015)
    old_owner = mobile.gather(rng.integers(0, count, len(recycled)))
    landline = phones.landlines(locale.country, area, first_index + household, streams.seed)
    has_landline, has_family_mail = rng.random(households) < 0.35, rng.random(households) < 0.06
    seen = pl.Series([None] * count, dtype=pl.String).scatter(recycled, old_owner)
    return names.with_columns(
        *addresses,
        pl.Series("document", documents.personal_documents(locale.country, index, streams.seed)),
        pl.Series("mobile", mobile),
        pl.Series("recycled_mobile", seen),
        pl.Series("landline", landline).zip_with(
            pl.Series(has_landline[household]), pl.Series([None], dtype=pl.String)
        ),
        family_mails(locale, names, first_index + household, has_family_mail[household]),
        pl.Series("birth_date", birth),
        pl.Series("gender", np.where(female, "female", "male")),
        pl.Series("person_id", index),
        pl.Series("household_id", first_index + household),
        pl.Series("is_staff", (rng.random(count) < 0.003) | (np.arange(count) < max(2, count // _PEOPLE_PER_CASHIER))),
        pl.Series("loyalty_card", (6_035_000_000_000 + index * 7 + 3)).cast(pl.String),
        pl.Series("has_card", rng.random(count) < 0.45),
    )


def _companies(
    locale: Locale,
    streams: Streams,
    person: pl.DataFrame,
    household: NDArray[Any],
    area: NDArray[Any],
    *,
    index: NDArray[Any],
) -> pl.DataFrame:
    """Return companies with the columns they share with people, their owner and where they stand."""
    rng = streams.of("companies")
    count = len(index)
    owner = rng.integers(0, len(person), count)
    family = person["surname_two" if locale.father_surname_last else "surname_one"].gather(owner)
    word = rng.integers(0, len(locale.company_words), count)
    form = rng.integers(0, len(locale.company_forms), count)
    domain = (
        pl.DataFrame({"family": family}).select(bare(pl.col("family"))).to_series()
        + pl.Series(index).cast(pl.String)
        + "."
        + locale.work_domain
    )
    return pl.DataFrame(
        {
            "company_name": family + " " + words(locale.company_words, word) + " " + words(locale.company_forms, form),
            "trade_name": family + " " + words(locale.company_words, word),
            "email_domain": domain,
            "mail": "contato@" + domain,
            "mobile": person["mobile"].gather(owner),
            "landline": phones.landlines(locale.country, area[household[owner]], 4_000_000 + index, streams.seed),
            "document": documents.company_documents(locale.country, index, streams.seed),
            "person_id": COMPANY_OFFSET + index,
            "owner": person["person_id"].gather(owner),
            "word": word,
            "owner_home": rng.random(count) < 0.5,
            "home": household[owner],
            "is_staff": np.zeros(count, dtype=bool),
            "has_card": rng.random(count) < 0.15,
            "loyalty_card": pl.Series(6_036_000_000_000 + index * 7 + 3).cast(pl.String),
        }
    )
