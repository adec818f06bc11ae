"""Names by the customs of a country, families that share them, and the e-mail addresses made from names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ingestion.samples.random_streams import pick, pick_frequent
from ingestion.samples.spelling import bare

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingestion.samples.locales import Locale


def names_and_births(
    locale: Locale, rng: np.random.Generator, household: NDArray[Any]
) -> tuple[pl.DataFrame, NDArray[Any], NDArray[np.bool_]]:
    """Return name parts, dates of birth and who is female; households share surnames, twins also the date.

    A namesake is a son who bears his father's whole name with a suffix, 26 years later.
    """
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
    codes = {
        "given": first,
        "middle": second,
        "before": before,
        "one": one,
        "two": two,
        "particle": particle,
        "suffix": suffix,
    }
    parts = _name_parts(locale, rng, female, codes)
    place = np.arange(count)
    return (
        parts.with_columns(is_twin=pl.Series(np.isin(place, twin)), is_namesake=pl.Series(np.isin(place, son))),
        birth,
        female,
    )


def words(words: tuple[str, ...], positions: NDArray[Any]) -> pl.Series:
    """Return the words at positions; a position below zero is null."""
    return (
        pl.Series(list(words), dtype=pl.String)
        .gather(pl.Series(np.maximum(positions, 0) % len(words)))
        .set(pl.Series(positions < 0), None)
    )


def _name_parts(
    locale: Locale, rng: np.random.Generator, female: NDArray[np.bool_], codes: dict[str, NDArray[Any]]
) -> pl.DataFrame:
    """Return the parts of every name as words, from their positions in the locale's lists."""
    count = len(female)
    mask = pl.Series(female)
    given = words(locale.female, codes["given"]).zip_with(mask, words(locale.male, codes["given"]))
    middle = words(locale.female, codes["middle"]).zip_with(mask, words(locale.male, codes["middle"]))
    particles = tuple(locale.particles)
    married = np.where(female & (rng.random(count) < 0.06), pick_frequent(rng, len(locale.surnames), count), -1)
    return pl.DataFrame(
        {
            "given": given,
            "middle": middle.set(middle == given, None),
            "surname_before": words(locale.surnames, codes["before"]),
            "surname_one": words(locale.surnames, codes["one"]),
            "particle": words(particles, np.where(codes["particle"] == particles.index(""), -1, codes["particle"])),
            "surname_two": words(locale.surnames, codes["two"]),
            "married_surname": words(locale.surnames, married),
            "suffix": words(locale.suffixes, codes["suffix"]),
            "nickname": given.replace_strict(locale.nicknames, default=None, return_dtype=pl.String),
        }
    )


def mails(
    locale: Locale, rng: np.random.Generator, names: pl.DataFrame, birth: NDArray[Any], index: NDArray[Any]
) -> list[pl.Expr]:
    """Return columns mail, work_mail and family_mail; the number in each makes it unique in the country."""
    count = len(names)
    plain = {name: bare(pl.col(name)) for name in ("given", "surname_one", "surname_two")}
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


def family_mails(locale: Locale, names: pl.DataFrame, household_id: NDArray[Any], shared: NDArray[Any]) -> pl.Series:
    """Return column family_mail: one address for a household, null where `shared` is false."""
    family = bare(pl.col("surname_two" if locale.father_surname_last else "surname_one"))
    text = names.select("familia" + family).to_series()
    # the household's first member gives the name, so that all of them write the same address
    leader = np.searchsorted(household_id, household_id)
    address = text.gather(leader) + pl.Series(household_id).cast(pl.String) + "@gmail.com"
    return address.set(pl.Series(~shared), None).alias("family_mail")
