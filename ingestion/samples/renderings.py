"""One field at a time: how a true name, document, e-mail, telephone or date of birth gets written down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from ingestion.samples import documents, phones
from ingestion.samples.people import COMPANY_OFFSET
from ingestion.samples.random_streams import pick
from ingestion.samples.spelling import DIGITS, misspelt, replaced, shouted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingestion.samples.people import Population
    from ingestion.samples.recipes import Recipe

_TAGS = ("loja", "promo", "news", "compras")


def written_names(
    people: Population, truth: pl.DataFrame, is_company: NDArray[np.bool_], recipe: Recipe, rng: np.random.Generator
) -> pl.Series:
    """Return names: whole, shortened, with a nickname, a married name, surnames swapped, slips and capitals."""
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


def written_documents(people: Population, truth: pl.DataFrame, recipe: Recipe, rng: np.random.Generator) -> pl.Series:
    """Return documents: one digit wrong now and then, or the cashier's own, in the forms of the country."""
    count = len(truth)
    document = misspelt(truth["document"], np.flatnonzero(rng.random(count) < 0.008), rng, DIGITS)
    if recipe.has_cashier_documents:
        typed = np.flatnonzero(rng.random(count) < 0.004)
        document = replaced(
            document, typed, people.entities["document"].gather(rng.integers(0, people.cashier_count, len(typed)))
        )
    frame = pl.DataFrame({"document": document, "mood": rng.random(count)})
    return frame.select(documents.written(people.locale.country, pl.col("document"), pl.col("mood"))).to_series()


def written_emails(truth: pl.DataFrame, recipe: Recipe, rng: np.random.Generator) -> pl.Series:
    """Return addresses: personal, at work, the family's or a stranger's, with dots, tags, capitals and slips."""
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


def written_phones(people: Population, truth: pl.DataFrame, rng: np.random.Generator) -> pl.Series:
    """Return numbers: mobile or landline, a former owner's or a stranger's, in the forms people write."""
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


def written_birth_dates(truth: pl.DataFrame, rng: np.random.Generator) -> pl.Series:
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
