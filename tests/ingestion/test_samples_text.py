"""How the samples damage text, and the numbers that make identifiers unique."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from ingestion.samples.locales import LOCALES, load_locale
from ingestion.samples.phones import mobiles, written
from ingestion.samples.random_streams import Streams, pick, pick_frequent, repeated, scattered
from ingestion.samples.spelling import DIGITS, bare, misspelt, shouted
from workspace.errors import ConfigError


def test_only_chosen_rows_get_one_slip():
    names = pl.Series(["Conceição da Silva"] * 200)
    rows = np.arange(0, 200, 2)
    slipped = misspelt(names, rows, np.random.default_rng(1))
    assert (slipped.gather(np.arange(1, 200, 2)) == names[0]).all()
    changed = slipped.gather(rows)
    assert (changed != names[0]).mean() > 0.8
    assert changed.str.len_chars().is_between(17, 19).all()
    assert (names == "Conceição da Silva").all()


def test_digits_stay_digits():
    slipped = misspelt(pl.Series(["12345678901"] * 100), np.arange(100), np.random.default_rng(1), DIGITS)
    assert slipped.str.contains(r"^\d{11}$").all()


def test_slips_leave_nulls_and_short_text_alone():
    slipped = misspelt(pl.Series([None, "ab", ""]), np.arange(3), np.random.default_rng(1))
    assert slipped.to_list() == [None, "ab", ""]


def test_capitals_lose_accents():
    shouting = shouted(pl.Series(["João Gonçalves"] * 50), np.random.default_rng(1), 1.0, 0.0)
    assert shouting.unique().to_list() == ["JOAO GONCALVES"]
    assert pl.select(bare(pl.lit("São Luís"))).item() == "saoluis"


def test_scattered_numbers_are_a_permutation():
    assert sorted(scattered(np.arange(50 * 50), 50, 3)) == list(range(2500))


def test_streams_depend_on_seed_block_and_purpose_only():
    first = Streams(7, 3).of("people").random(4)
    assert (Streams(7, 3).of("people").random(4) == first).all()
    for other in (Streams(8, 3).of("people"), Streams(7, 4).of("people"), Streams(7, 3).of("tills")):
        assert (other.random(4) != first).any()


def test_frequent_positions_are_drawn_more_often():
    drawn = np.bincount(pick_frequent(np.random.default_rng(1), 100, 20_000), minlength=100)
    assert drawn[0] > 3 * drawn[50] > 0
    assert set(pick(np.random.default_rng(1), [0, 1, 0], 50)) == {1}


def test_repeated_numbers_the_items_of_each_owner():
    owner, place = repeated(np.array([2, 0, 3]))
    assert owner.tolist() == [0, 0, 2, 2, 2]
    assert place.tolist() == [0, 1, 0, 1, 2]


@pytest.mark.parametrize("country", LOCALES)
def test_mobiles_are_valid_and_unique(country):
    import phonenumbers

    locale = load_locale(country)
    area = np.array([one.area_code for one in locale.cities])[np.arange(2000) % len(locale.cities)]
    numbers = mobiles(country, area, np.arange(2000), 7)
    parsed = [phonenumbers.parse(text, country) for text in numbers]
    assert [text for text, one in zip(numbers, parsed, strict=True) if not phonenumbers.is_valid_number(one)] == []
    assert numbers.n_unique() == 2000


def test_old_registers_lack_the_ninth_digit():
    frame = pl.DataFrame({"phone": ["11987654321"] * 2, "mood": [0.74, 0.99]})
    assert frame.select(written("BR", "55", pl.col("phone"), pl.col("mood"))).to_series().to_list() == [
        "1187654321",
        "11987654321",
    ]


def test_an_unknown_country_is_refused():
    with pytest.raises(ConfigError, match="BR, PT, ES"):
        load_locale("FR")
