"""What one system knows about a person: a damaged, partial rendering of the truth, with real life's placeholders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ingestion.samples.addresses import written_address
from ingestion.samples.lookups import kept
from ingestion.samples.renderings import (
    written_birth_dates,
    written_documents,
    written_emails,
    written_names,
    written_phones,
)
from ingestion.samples.spelling import DIGITS, misspelt, replaced

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingestion.samples.people import Population
    from ingestion.samples.recipes import Recipe

BLOCK_COLUMNS = [
    "person_name",
    "document_number",
    "email",
    "email_secondary",
    "phone",
    "phone_secondary",
    "birth_date",
    "street",
    "street_number",
    "address_complement",
    "district",
    "city",
    "state_code",
    "postal_code",
    "country_code",
    "loyalty_card_id",
]


def render(people: Population, rows: NDArray[Any], recipe: Recipe, rng: np.random.Generator) -> pl.DataFrame:
    """Return the person block (`BLOCK_COLUMNS`, text as a clerk typed it) for entity rows, one profile each."""
    count = len(rows)
    truth = people.entities[rows]
    is_company = rows >= people.person_count
    name = written_names(people, truth, is_company, recipe, rng)
    document = written_documents(people, truth, recipe, rng)
    email = written_emails(truth, recipe, rng)
    phone = written_phones(people, truth, rng)
    birth = written_birth_dates(truth, rng)
    home = np.where(rng.random(count) < 0.4, people.earlier_home[rows], people.home[rows])
    address = written_address(people.locale, people.homes, home, rng)
    slips = np.flatnonzero(rng.random(count) < recipe.slips)
    address = address.with_columns(
        misspelt(address["street"], slips, rng),
        misspelt(address["postal_code"], np.flatnonzero(rng.random(count) < recipe.slips * 0.4), rng, DIGITS),
    )
    has = {part: rng.random(count) < getattr(recipe, part) for part in ("document", "email", "phone")}
    _give_one_back(has, recipe, rng)
    has_address = rng.random(count) < recipe.address
    has_city = has_address | (rng.random(count) < 0.3)
    frame = pl.DataFrame(
        {
            "person_name": kept(name, rng.random(count) < recipe.name),
            "document_number": kept(document, has["document"]),
            "email": kept(email, has["email"]),
            "email_secondary": kept(truth["work_mail"], has["email"] & (rng.random(count) < 0.04)),
            "phone": kept(phone, has["phone"]),
            "phone_secondary": kept(truth["landline"], has["phone"] & (rng.random(count) < 0.2)),
            "birth_date": kept(birth, (rng.random(count) < recipe.birth_date) & ~is_company),
        }
    )
    hidden = dict.fromkeys(("street", "street_number", "address_complement", "district", "postal_code"), ~has_address)
    hidden |= dict.fromkeys(("city", "state_code"), ~has_city)
    columns = [kept(address[column], ~mask) for column, mask in hidden.items()]
    frame = frame.with_columns(
        *columns,
        kept(pl.Series("country_code", [people.locale.country]).new_from_index(0, count), has_city),
        kept(truth["loyalty_card"], truth["has_card"].to_numpy() & (rng.random(count) < recipe.card)).alias(
            "loyalty_card_id"
        ),
    ).select(BLOCK_COLUMNS)
    return _with_placeholders(people, frame, recipe, rng)


def _give_one_back(has: dict[str, NDArray[np.bool_]], recipe: Recipe, rng: np.random.Generator) -> None:
    """Give most rows without document, e-mail and phone one of them: registers rarely hold nothing at all."""
    count = len(has["document"])
    nothing = ~(has["document"] | has["email"] | has["phone"]) & (rng.random(count) < 0.85)
    lot = rng.random(count)
    if recipe.document == 0:
        has["email"] |= nothing
        return
    has["document"] |= nothing & (lot < 0.45)
    has["phone"] |= nothing & (lot >= 0.45) & (lot < 0.8)
    has["email"] |= nothing & (lot >= 0.8)


def _with_placeholders(
    people: Population, frame: pl.DataFrame, recipe: Recipe, rng: np.random.Generator
) -> pl.DataFrame:
    """Overwrite some values with what clerks type to get past a form."""
    locale, count = people.locale, len(frame)
    changes = {
        "person_name": (locale.placeholder_names, recipe.garbage * 0.7),
        "email": ((*locale.placeholder_emails, *[locale.store_email] * 4), recipe.garbage + recipe.has_store_email),
        "phone": ((*locale.placeholder_phones, locale.store_phone, locale.store_phone), recipe.garbage),
        "document_number": (locale.placeholder_documents, recipe.garbage * 0.8 if recipe.document else 0.0),
    }
    for column, (words, share) in changes.items():
        rows = np.flatnonzero(rng.random(count) < share)
        values = pl.Series(list(words)).gather(rng.integers(0, len(words), len(rows)))
        frame = frame.with_columns(replaced(frame[column], rows, values))
    unknown = np.flatnonzero((rng.random(count) < recipe.garbage) & frame["postal_code"].is_not_null().to_numpy())
    zeros = pl.Series(["00000-000" if locale.country == "BR" else "0000"]).new_from_index(0, len(unknown))
    return frame.with_columns(replaced(frame["postal_code"], unknown, zeros))
