"""Streets with their postal codes, and the homes that stand in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ingestion.samples.random_streams import Streams, pick, scattered

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingestion.samples.locales import Locale


def make_streets(locale: Locale, people: int, streams: Streams) -> pl.DataFrame:
    """Return every street of the country: type, name, district, postal code, city number and city columns."""
    rng = streams.of("streets")
    count = max(60, people // 8)
    city = pick(rng, [one.weight for one in locale.cities], count)
    first = np.array([one.first_prefix for one in locale.cities])[city]
    spread = np.array([one.last_prefix - one.first_prefix + 1 for one in locale.cities])[city]
    number = scattered(np.arange(count), 1_000, streams.seed + 5)
    types = list(locale.street_types)
    frame = pl.DataFrame(
        {
            "street_type": np.array(types)[pick(rng, 1 / np.arange(1, len(types) + 1), count)],
            "street_name": np.array(locale.streets)[rng.integers(0, len(locale.streets), count)],
            "district": np.array(locale.districts)[rng.integers(0, len(locale.districts), count)],
            "prefix": first + number % spread,
            "suffix": number // spread % 1000,
            "city_number": city,
            "city": np.array([one.name for one in locale.cities])[city],
            "state_code": np.array([one.state_code for one in locale.cities])[city],
            "area_code": np.array([one.area_code for one in locale.cities])[city],
        }
    )
    return frame.with_columns(postal_code=_postal_code(locale.country)).drop("prefix", "suffix")


def _postal_code(country: str) -> pl.Expr:
    prefix, suffix = pl.col("prefix").cast(pl.String), pl.col("suffix").cast(pl.String).str.zfill(3)
    if country == "BR":
        return prefix.str.zfill(5) + suffix
    if country == "PT":
        return prefix.str.zfill(4) + suffix
    return prefix.str.zfill(4) + (pl.col("suffix") % 10).cast(pl.String)


def make_homes(streets: pl.DataFrame, count: int, rng: np.random.Generator, locale: Locale) -> pl.DataFrame:
    """Return `count` homes: their street's columns, `street_number` and `flat_number` (null for a house)."""
    homes = streets[rng.integers(0, len(streets), count)]
    flats = rng.integers(1, 250, count)
    return homes.with_columns(
        street_number=pl.Series(rng.integers(1, 3000, count)).cast(pl.String),
        flat_number=pl.Series(np.where(rng.random(count) < 0.35, flats, -1)),
    ).with_columns(pl.when(pl.col("flat_number") > 0).then(pl.col("flat_number")).alias("flat_number"))


def written_address(locale: Locale, homes: pl.DataFrame, rows: NDArray[Any], rng: np.random.Generator) -> pl.DataFrame:
    """Return the homes in `rows` as somebody typed them: short types, flats and codes in several forms."""
    count = len(rows)
    frame = homes[rows].with_columns(
        short=rng.random(count) < 0.4,
        hyphen=rng.random(count) < 0.6,
        flat_word=pl.Series(np.array(locale.flat_words)[rng.integers(0, len(locale.flat_words), count)]),
    )
    code, cut = pl.col("postal_code"), 5 if locale.country == "BR" else 4
    hyphenated = code if locale.country == "ES" else code.str.slice(0, cut) + "-" + code.str.slice(cut)
    kind = pl.col("street_type")
    return frame.select(
        street=pl.when("short").then(kind.replace(locale.street_types)).otherwise(kind) + " " + pl.col("street_name"),
        street_number="street_number",
        address_complement=pl.concat_str([pl.col("flat_word"), pl.col("flat_number").cast(pl.String)], separator=" "),
        district="district",
        city="city",
        state_code="state_code",
        postal_code=pl.when("hyphen").then(hyphenated).otherwise(code),
    )
