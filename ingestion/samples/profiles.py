"""What one system knows about a person: a damaged, partial rendering of the truth, with the placeholders of real life."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ingestion.samples import documents, phones
from ingestion.samples.addresses import written_address
from ingestion.samples.people import COMPANY_OFFSET
from ingestion.samples.random_streams import pick
from ingestion.samples.spelling import DIGITS, misspelt, replaced, shouted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingestion.samples.people import Population

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
_TAGS = ("loja", "promo", "news", "compras")


@dataclass(frozen=True)
class Recipe:
    """How complete and how careful one system is. Shares in [0, 1]."""

    document: float
    email: float
    phone: float
    birth_date: float
    address: float
    styles: tuple[float, float, float, float, float]
    """Weights of: full name, without middle name, abbreviated, given name only, given and last name."""
    slips: float
    capitals: float
    garbage: float
    name: float = 0.98
    card: float = 0.0
    has_cashier_documents: bool = False
    has_store_email: float = 0.0


CRM = Recipe(0.78, 0.80, 0.82, 0.65, 0.72, (0.62, 0.10, 0.05, 0.01, 0.22), 0.04, 0.10, 0.006, card=0.9)
LEGACY = Recipe(0.60, 0.45, 0.85, 0.55, 0.80, (0.55, 0.10, 0.12, 0.01, 0.22), 0.06, 0.65, 0.012)
TILL = Recipe(
    0.72,
    0.18,
    0.42,
    0.08,
    0.10,
    (0.25, 0.15, 0.12, 0.16, 0.32),
    0.07,
    0.80,
    0.03,
    name=0.62,
    card=0.5,
    has_cashier_documents=True,
    has_store_email=0.03,
)
SHOP = Recipe(0.85, 0.96, 0.86, 0.30, 0.92, (0.40, 0.10, 0.02, 0.02, 0.46), 0.03, 0.05, 0.003)
MAILING = Recipe(0.0, 0.92, 0.33, 0.12, 0.15, (0.12, 0.03, 0.0, 0.45, 0.40), 0.05, 0.05, 0.01)


def render(people: Population, rows: NDArray[Any], recipe: Recipe, rng: np.random.Generator) -> pl.DataFrame:
    """Return the person block (`BLOCK_COLUMNS`, text as a clerk typed it) for entity rows, one profile each."""
    count = len(rows)
    truth = people.entities[rows]
    is_company = rows >= people.person_count
    name = _names(people, truth, is_company, recipe, rng)
    document = _documents(people, truth, recipe, rng)
    email = _emails(truth, recipe, rng)
    phone = _phones(people, truth, rng)
    birth = _birth_dates(truth, rng)
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
            "person_name": _kept(name, rng.random(count) < recipe.name),
            "document_number": _kept(document, has["document"]),
            "email": _kept(email, has["email"]),
            "email_secondary": _kept(truth["work_mail"], has["email"] & (rng.random(count) < 0.04)),
            "phone": _kept(phone, has["phone"]),
            "phone_secondary": _kept(truth["landline"], has["phone"] & (rng.random(count) < 0.2)),
            "birth_date": _kept(birth, (rng.random(count) < recipe.birth_date) & ~is_company),
        }
    )
    hidden = dict.fromkeys(("street", "street_number", "address_complement", "district", "postal_code"), ~has_address)
    hidden |= dict.fromkeys(("city", "state_code"), ~has_city)
    columns = [_kept(address[column], ~mask) for column, mask in hidden.items()]
    frame = frame.with_columns(
        *columns,
        _kept(pl.Series("country_code", [people.locale.country]).new_from_index(0, count), has_city),
        _kept(truth["loyalty_card"], truth["has_card"].to_numpy() & (rng.random(count) < recipe.card)).alias(
            "loyalty_card_id"
        ),
    ).select(BLOCK_COLUMNS)
    return _with_placeholders(people, frame, recipe, rng)


def _kept(series: pl.Series, mask: NDArray[np.bool_]) -> pl.Series:
    """Return the series with nulls where the mask is false."""
    return series.set(pl.Series(~mask), None)


def _names(people: Population, truth: pl.DataFrame, is_company, recipe: Recipe, rng) -> pl.Series:  # noqa: ANN001
    count = len(truth)
    last_is_two = people.locale.father_surname_last
    frame = truth.with_columns(
        style=pl.Series(pick(rng, recipe.styles, count)),
        fond=rng.random(count) < 0.02,
        wed=rng.random(count) < 0.5,
        swap=rng.random(count) < (0.01 if last_is_two else 0.03),
        is_company=is_company,
        tail=pl.when(pl.Series(rng.random(count) < 0.85)).then(pl.col("suffix")),
    )
    one, two = pl.col("surname_one"), pl.col("surname_two")
    two = pl.when("wed").then(pl.coalesce("married_surname", two)).otherwise(two)
    first, second = pl.when("swap").then(two).otherwise(one), pl.when("swap").then(one).otherwise(two)
    main = second if last_is_two else first
    given = pl.when(pl.col("fond")).then(pl.coalesce("nickname", "given")).otherwise(pl.col("given"))
    initial = pl.col("middle").str.slice(0, 1) + "."

    def joined(*parts: pl.Expr | str) -> pl.Expr:
        return pl.concat_str(
            [pl.col(part) if isinstance(part, str) else part for part in parts], separator=" ", ignore_nulls=True
        )

    text = (
        pl.when("is_company")
        .then(pl.col("company_name"))
        .when(pl.col("style") == 0)
        .then(joined("given", "middle", "surname_before", first, "particle", second, "tail"))
        .when(pl.col("style") == 1)
        .then(joined("given", first, "particle", second, "tail"))
        .when(pl.col("style") == 2)
        .then(joined("given", initial, first.str.slice(0, 1) + ".", second, "tail"))
        .when(pl.col("style") == 3)
        .then(given)
        .otherwise(joined(given, main, "tail"))
    )
    names = frame.select(text).to_series()
    names = misspelt(names, np.flatnonzero(rng.random(count) < recipe.slips), rng)
    return shouted(names, rng, recipe.capitals, 0.3 * (1 - recipe.capitals))


def _documents(people: Population, truth: pl.DataFrame, recipe: Recipe, rng: np.random.Generator) -> pl.Series:
    count = len(truth)
    document = misspelt(truth["document"], np.flatnonzero(rng.random(count) < 0.008), rng, DIGITS)
    if recipe.has_cashier_documents:
        typed = np.flatnonzero(rng.random(count) < 0.004)
        document = replaced(
            document, typed, people.entities["document"].gather(rng.integers(0, people.cashier_count, len(typed)))
        )
    frame = pl.DataFrame({"document": document, "mood": rng.random(count)})
    return frame.select(documents.written(people.locale.country, pl.col("document"), pl.col("mood"))).to_series()


def _emails(truth: pl.DataFrame, recipe: Recipe, rng: np.random.Generator) -> pl.Series:
    count = len(truth)
    frame = truth.select("mail", "work_mail", "family_mail").with_columns(
        work=rng.random(count),
        family=rng.random(count),
        form=rng.random(count),
        form_too=rng.random(count),
        tag=pl.Series(np.array(_TAGS)[rng.integers(0, len(_TAGS), count)]),
    )
    mail = frame.select(
        "form",
        "form_too",
        "tag",
        mail=pl.when((pl.col("family") < 0.3) & pl.col("family_mail").is_not_null())
        .then("family_mail")
        .when((pl.col("work") < 0.07) & pl.col("work_mail").is_not_null())
        .then("work_mail")
        .otherwise("mail"),
    )["mail"]
    strangers = np.flatnonzero(rng.random(count) < 0.004)
    mail = replaced(mail, strangers, truth["mail"].gather(rng.integers(0, count, len(strangers))))
    parts = frame.with_columns(local=mail.str.extract(r"^(.*)@", 1), domain=mail.str.extract(r"@(.*)$", 1), mail=mail)
    is_gmail = pl.col("domain") == "gmail.com"
    varied = (
        pl.when((pl.col("form") < 0.11) & is_gmail)
        .then(pl.col("local").str.replace_all(".", "", literal=True) + "@gmail.com")
        .when((pl.col("form") < 0.21) & is_gmail)
        .then(pl.col("local") + "+" + pl.col("tag") + "@gmail.com")
        .when((pl.col("form") < 0.22) & is_gmail)
        .then(pl.col("local") + "@googlemail.com")
        .when(pl.col("form") < 0.11)
        .then(pl.col("mail").str.to_uppercase())
        .when((pl.col("form_too") < recipe.slips * 0.14) & is_gmail)
        .then(pl.col("local") + "@gmial.com")
        .otherwise(pl.col("mail"))
    )
    mail = parts.select(varied).to_series()
    return misspelt(mail, np.flatnonzero(rng.random(count) < recipe.slips * 0.2), rng)


def _phones(people: Population, truth: pl.DataFrame, rng: np.random.Generator) -> pl.Series:
    count = len(truth)
    frame = truth.select("mobile", "recycled_mobile", "landline", "person_id").with_columns(
        recycled=rng.random(count), fixed=rng.random(count), mood=rng.random(count)
    )
    home = pl.when(pl.col("person_id") < COMPANY_OFFSET).then(0.18).otherwise(0.7)
    number = frame.select(
        pl.when((pl.col("fixed") < home) & pl.col("landline").is_not_null())
        .then("landline")
        .when(pl.col("recycled") < 0.25)
        .then(pl.coalesce("recycled_mobile", "mobile"))
        .otherwise("mobile")
    ).to_series()
    strangers = np.flatnonzero(rng.random(count) < 0.004)
    number = replaced(number, strangers, truth["mobile"].gather(rng.integers(0, count, len(strangers))))
    number = misspelt(number, np.flatnonzero(rng.random(count) < 0.01), rng, DIGITS)
    locale = people.locale
    spoken = pl.DataFrame({"phone": number, "mood": frame["mood"]})
    return spoken.select(
        phones.written(locale.country, locale.calling_code, pl.col("phone"), pl.col("mood"))
    ).to_series()


def _birth_dates(truth: pl.DataFrame, rng: np.random.Generator) -> pl.Series:
    """Return dates of birth as ISO text: one in a hundred has day and month swapped, or the form's first choice."""
    mood = pl.Series("mood", rng.random(len(truth)))
    born = pl.col("birth_date")
    swapped = pl.date(born.dt.year(), born.dt.day().clip(1, 12), born.dt.month())
    frame = truth.select("birth_date").with_columns(mood)
    return frame.select(
        pl.when(pl.col("mood") < 0.008)
        .then(swapped)
        .when(pl.col("mood") < 0.014)
        .then(pl.date(1900, 1, 1))
        .when(pl.col("mood") < 0.018)
        .then(pl.date(1970, 1, 1))
        .otherwise(born)
    ).to_series()


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
