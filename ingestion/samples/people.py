"""One block of the population: households, the people in them, companies, and what is true about each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ingestion.samples import documents, phones
from ingestion.samples.addresses import make_homes
from ingestion.samples.random_streams import Streams, pick, pick_frequent
from ingestion.samples.seasons import DAY_COUNT
from ingestion.samples.spelling import without_accents

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingestion.samples.locales import Locale

COMPANY_OFFSET = 10_000_000_000
"""Person ids of companies start here."""
_PEOPLE_PER_CASHIER = 5_000
_HOUSEHOLD_SIZES = (0.42, 0.25, 0.17, 0.12, 0.04)
_COMPANY_SHARE = 0.025
_NEVER = 10 * DAY_COUNT


@dataclass(frozen=True)
class Population:
    """People first, then companies: `entities` has one row for each, and every array is aligned with it."""

    locale: Locale
    first_index: int
    person_count: int
    entities: pl.DataFrame
    """Name parts, document, mails, phones, birth_date, gender, loyalty card, person_id, household_id, company columns."""
    homes: pl.DataFrame
    home: NDArray[np.int64]
    earlier_home: NDArray[np.int64]
    moved_on: NDArray[np.int64]
    """Day of history of the move; far in the future for those who stayed."""

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
    person = _persons(locale, streams, household, area[household], first_index, households)
    moved = rng.random(count) < 0.08
    earlier = np.where(moved, rng.integers(0, households, count), household)
    company = _companies(locale, streams, person, household, area, first_index, companies)
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
        np.concatenate([np.where(moved, rng.integers(0, DAY_COUNT, count), _NEVER), np.full(companies, _NEVER)]),
    )


def _persons(
    locale: Locale, streams: Streams, household: NDArray[Any], area: NDArray[Any], first_index: int, households: int
) -> pl.DataFrame:
    rng = streams.of("persons")
    count = len(household)
    index = first_index + np.arange(count)
    names, birth, female = _names_and_births(locale, rng, household)
    number = index * 7919 % 1_000_003
    number = (
        np.where(rng.random(count) < 0.4, number % 1000 + 1000 * first_index // 10_000, number) if False else number
    )
    mails = _mails(locale, rng, names, birth, index)
    mobile = phones.mobiles(locale.country, area, index, streams.seed)
    recycled = np.flatnonzero(rng.random(count) < 0.015)
    old_owner = mobile.gather(rng.integers(0, count, len(recycled)))
    landline = phones.landlines(locale.country, area, first_index + household, streams.seed)
    has_landline, has_family_mail = rng.random(households) < 0.35, rng.random(households) < 0.06
    seen = pl.Series([None] * count, dtype=pl.String).scatter(recycled, old_owner)
    return names.with_columns(
        *mails,
        pl.Series("document", documents.personal_documents(locale.country, index, streams.seed)),
        pl.Series("mobile", mobile),
        pl.Series("recycled_mobile", seen),
        pl.Series("landline", landline).zip_with(
            pl.Series(has_landline[household]), pl.Series([None], dtype=pl.String)
        ),
        _family_mails(locale, names, first_index + household, has_family_mail[household]),
        pl.Series("birth_date", birth),
        pl.Series("gender", np.where(female, "female", "male")),
        pl.Series("person_id", index),
        pl.Series("household_id", first_index + household),
        pl.Series("is_staff", (rng.random(count) < 0.003) | (np.arange(count) < max(2, count // _PEOPLE_PER_CASHIER))),
        pl.Series("loyalty_card", (6_035_000_000_000 + index * 7 + 3)).cast(pl.String),
        pl.Series("has_card", rng.random(count) < 0.45),
    )


def _names_and_births(
    locale: Locale, rng: np.random.Generator, household: NDArray[Any]
) -> tuple[pl.DataFrame, NDArray[Any], NDArray[np.bool_]]:
    count, given = len(household), max(len(locale.female), len(locale.male))
    female = rng.random(count) < 0.53
    first, second = pick_frequent(rng, given, count), pick_frequent(rng, given, count)
    second = np.where(rng.random(count) < 0.3, second, -1)
    surnames = len(locale.surnames)
    family = pick_frequent(rng, surnames, count)[household]
    shared = np.where(rng.random(count) < 0.78, family, pick_frequent(rng, surnames, count))
    own = pick_frequent(rng, surnames, count)
    one, two = (own, shared) if locale.father_surname_last else (shared, own)
    before = np.where(
        rng.random(count) < (0.25 if locale.father_surname_last else 0), pick_frequent(rng, surnames, count), -1
    )
    particle = pick(rng, list(locale.particles.values()), count)
    birth = np.datetime64("1940-01-01") + rng.integers(0, 365 * 66, count)
    young = rng.random(count) < 0.012
    birth[young] = np.datetime64("2009-01-01") + rng.integers(0, 1400, int(young.sum()))
    suffix = np.full(count, -1)
    together = household[1:] == household[:-1]
    twin = np.flatnonzero(together & (rng.random(count - 1) < 0.015)) + 1
    for values in (birth, one, two, before, particle):
        values[twin] = values[twin - 1]
    son = np.setdiff1d(np.flatnonzero(together & (rng.random(count - 1) < 0.015)) + 1, [*twin, *(twin + 1)])
    for values in (first, second, one, two, before, particle, female):
        values[son] = values[son - 1]
    birth[son] = np.minimum(birth[son - 1] + 365 * 26, np.datetime64("2011-06-30"))
    suffix[son] = rng.integers(0, len(locale.suffixes), len(son))
    parts = _name_parts(locale, rng, female, first, second, before, one, two, particle, suffix)
    place = np.arange(count)
    return (
        parts.with_columns(is_twin=pl.Series(np.isin(place, twin)), is_namesake=pl.Series(np.isin(place, son))),
        birth,
        female,
    )


def _words(words: tuple[str, ...], positions: NDArray[Any]) -> pl.Series:
    """Return the words at positions; a position below zero is null."""
    return (
        pl.Series(list(words), dtype=pl.String)
        .gather(pl.Series(np.maximum(positions, 0) % len(words)))
        .set(pl.Series(positions < 0), None)
    )


def _name_parts(locale: Locale, rng, female, first, second, before, one, two, particle, suffix) -> pl.DataFrame:  # noqa: ANN001
    count = len(first)
    mask = pl.Series(female)
    given = _words(locale.female, first).zip_with(mask, _words(locale.male, first))
    middle = _words(locale.female, second).zip_with(mask, _words(locale.male, second))
    particles = tuple(locale.particles)
    married = np.where(female & (rng.random(count) < 0.06), pick_frequent(rng, len(locale.surnames), count), -1)
    return pl.DataFrame(
        {
            "given": given,
            "middle": middle.set(middle == given, None),
            "surname_before": _words(locale.surnames, before),
            "surname_one": _words(locale.surnames, one),
            "particle": _words(particles, np.where(particle == particles.index(""), -1, particle)),
            "surname_two": _words(locale.surnames, two),
            "married_surname": _words(locale.surnames, married),
            "suffix": _words(locale.suffixes, suffix),
            "nickname": given.replace_strict(locale.nicknames, default=None, return_dtype=pl.String),
        }
    )


def _mails(
    locale: Locale, rng: np.random.Generator, names: pl.DataFrame, birth: NDArray[Any], index: NDArray[Any]
) -> list[pl.Expr]:
    """Return columns mail, work_mail and family_mail; the number in each makes it unique in the country."""
    count = len(names)
    plain = {
        name: without_accents(pl.col(name)).str.to_lowercase().str.replace_all(" ", "")
        for name in ("given", "surname_one", "surname_two")
    }
    pattern, year = pl.Series(rng.integers(0, 4, count)), pl.Series(birth.astype("datetime64[Y]").astype(int) % 100)
    number = pl.Series(index).cast(pl.String)
    local = (
        pl.when(pattern == 0)
        .then(plain["given"] + "." + plain["surname_two"])
        .when(pattern == 1)
        .then(plain["given"] + plain["surname_one"])
        .when(pattern == 2)
        .then(plain["given"].str.slice(0, 1) + plain["surname_one"] + plain["surname_two"])
        .otherwise(plain["given"] + "." + plain["surname_one"])
    )
    domains = list(locale.mail_domains)
    domain = pl.Series(np.array(domains)[pick(rng, list(locale.mail_domains.values()), count)])
    dated = pl.Series(rng.random(count) < 0.35)
    tag = pl.when(dated).then(year.cast(pl.String).str.zfill(2) + pl.lit("x") + number).otherwise(number)
    employer = pl.Series(rng.integers(0, max(50, count // 40), count)).cast(pl.String)
    return [
        (local + tag + "@" + domain).alias("mail"),
        (plain["given"] + "_" + number + "@empresa" + employer + "." + locale.work_domain).alias("work_mail"),
    ]


def _family_mails(locale: Locale, names: pl.DataFrame, household_id: NDArray[Any], shared: NDArray[Any]) -> pl.Series:
    family = without_accents(pl.col("surname_two" if locale.father_surname_last else "surname_one"))
    text = names.select("familia" + family.str.to_lowercase().str.replace_all(" ", "")).to_series()
    # the household's first member gives the name, so that all of them write the same address
    leader = np.searchsorted(household_id, household_id)
    address = text.gather(leader) + pl.Series(household_id).cast(pl.String) + "@gmail.com"
    return address.set(pl.Series(~shared), None).alias("family_mail")


def _companies(
    locale: Locale,
    streams: Streams,
    person: pl.DataFrame,
    household: NDArray[Any],
    area: NDArray[Any],
    first_index: int,
    count: int,
) -> pl.DataFrame:
    """Return companies with the columns they share with people, their owner and where they stand."""
    rng = streams.of("companies")
    index = first_index + np.arange(count)
    owner = rng.integers(0, len(person), count)
    family = person["surname_two" if locale.father_surname_last else "surname_one"].gather(owner)
    word = rng.integers(0, len(locale.company_words), count)
    form = rng.integers(0, len(locale.company_forms), count)
    bare = (
        pl.DataFrame({"family": family})
        .select(without_accents(pl.col("family")).str.to_lowercase().str.replace_all(" ", ""))
        .to_series()
    )
    domain = bare + pl.Series(index).cast(pl.String) + "." + locale.work_domain
    return pl.DataFrame(
        {
            "company_name": family
            + " "
            + _words(locale.company_words, word)
            + " "
            + _words(locale.company_forms, form),
            "trade_name": family + " " + _words(locale.company_words, word),
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
