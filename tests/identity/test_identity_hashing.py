"""Values that DuckDB's hash() confuses are told apart, wherever a number stands for a value."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.hashing import value_number

TWINS = [
    ("fernandb.souza.a@uol.com.br", "fernand3.souza.b@uol.com.br"),
    ("6035710912345670", "6035710012345675"),
]
"""Pairs of texts that differ in two characters eight apart, and have one hash()."""


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as con:
        yield con


@pytest.mark.parametrize("pair", TWINS)
def test_hash_of_duckdb_still_confuses_them(con, pair):
    assert con.execute("select hash(?) = hash(?)", list(pair)).fetchone() == (True,)
    numbers = con.execute(
        f"select count(distinct {value_number(chr(39) + 'email' + chr(39), 'value')}) from (select unnest(?) as value)",
        [list(pair)],
    ).fetchone()
    assert numbers == (2,)


PLACES = st.lists(st.integers(0, 29), min_size=4, max_size=4, unique=True)


@given(places=PLACES)
def test_texts_that_differ_in_any_four_places_have_numbers_of_their_own(con, places):
    text = "fernanda.souza.lima@uol.com.br"
    parts, last = [], 0
    for alias, place in zip("abcd", sorted(places), strict=True):
        parts += [f"'{text[last:place]}'", f"chr(97 + cast({alias}.range as INTEGER))"]
        last = place + 1
    value = " || ".join([*parts, f"'{text[last:]}'"])
    sides = ", ".join(f"range(16) {alias}" for alias in "abcd")
    query = f"select count(distinct {value_number(chr(39) + 'email' + chr(39), 'value')}) from (select {value} as value from {sides})"
    assert con.execute(query).fetchone() == (16**4,)


def test_namesakes_with_emails_of_one_hash_stay_two_customers(lake):
    lake.customers(*({"id": str(i), "person_name": "Ana Lima", "email": email} for i, email in enumerate(TWINS[0])))
    lake.resolve()
    assert lake.customer_of("0") != lake.customer_of("1")
    assert lake.table("match_edges") == []


def test_sales_with_cards_of_one_hash_stay_two_customers(lake):
    """Nothing but the card tells them apart, so that equal hashes would have folded them into one profile."""
    lake.sales(*({"id": str(i), "loyalty_card_id": card} for i, card in enumerate(TWINS[1])))
    lake.resolve()
    assert lake.customer_of("0", "pos") != lake.customer_of("1", "pos")
