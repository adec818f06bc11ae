"""What the truth promises: effects that a controlled comparison finds again, values that look like a retailer's."""

from __future__ import annotations

import polars as pl
import pytest

from ingestion.samples import generate_samples


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    folder = tmp_path_factory.mktemp("truth")
    generate_samples(folder, people=6000, seed=9)
    return folder / "truth"


def test_control_groups_recover_the_planted_effect(truth):
    contacts = pl.read_parquet(truth / "contact_effects.parquet")
    assert contacts.filter(pl.col("is_control"))["has_caused_purchase"].sum() == 0
    assert contacts["is_control"].mean() == pytest.approx(0.12, abs=0.01)
    sent, control = contacts.filter("is_sent"), contacts.filter("is_control")
    bought = (sent["has_base_purchase"] | sent["has_caused_purchase"]).mean() - control["has_base_purchase"].mean()
    planted = (sent["effect_probability"] * (1 - sent["has_base_purchase"].mean())).mean()
    assert bought == pytest.approx(planted, abs=0.012)
    table = pl.read_parquet(truth / "channel_effects.parquet")
    expected = sent.group_by("channel").agg(pl.col("effect_probability").mean())
    joined = table.join(expected, on="channel")
    assert len(joined) == 7
    assert ((joined["incremental_probability"] - joined["effect_probability"]).abs() < 1e-9).all()
    assert table.filter(pl.col("channel").is_in(["paid_search", "paid_social", "display"]))[
        "incremental_probability"
    ].to_list() == [0.0, 0.0, 0.0]


def test_a_contact_works_best_on_the_favourite_channel(truth):
    contacts = pl.read_parquet(truth / "contact_effects.parquet")
    people = pl.read_parquet(truth / "persons.parquet").select("person_id", "favourite_channel")
    email = contacts.filter((pl.col("channel") == "email") & pl.col("is_sent")).join(people, on="person_id")
    favourite = pl.col("favourite_channel") == "email"
    assert email.filter(favourite)["effect_probability"].min() > email.filter(~favourite)["effect_probability"].max()


def test_people_live_in_households_of_all_kinds(truth):
    people = pl.read_parquet(truth / "persons.parquet")
    persons = people.filter(pl.col("kind") == "person")
    sizes = persons.group_by("household_id").len()["len"]
    assert sizes.max() == 5
    assert sizes.mean() == pytest.approx(2.1, abs=0.1)
    addresses = persons.group_by("household_id").agg(pl.col("postal_code", "street_number").n_unique())
    assert addresses.select(pl.max_horizontal("postal_code", "street_number").max()).item() == 1
    for flag in ("is_twin", "is_namesake", "has_moved", "is_staff"):
        assert persons[flag].sum() > 0
    assert persons["recycled_mobile"].is_not_null().sum() > 0
    families = persons.filter(pl.col("family_email").is_not_null())
    assert families.group_by("household_id").agg(pl.col("family_email").n_unique())["family_email"].max() == 1
    assert people.filter(pl.col("kind") == "company")["owner_id"].is_in(persons["person_id"].implode()).all()


def test_messes_are_planted_in_every_register(truth):
    messes = pl.read_parquet(truth / "messes.parquet").pivot(on="mess", index="register", values="count")
    till = messes.filter(pl.col("register") == "till").row(0, named=True)
    for mess in ("store_email", "placeholder_document", "placeholder_name", "cashier_document", "no_evidence"):
        assert till[mess] > 0
    assert messes["second_profile"].min() > 0


def test_customers_differ_as_a_retailers_do(truth):
    """A few customers bring most of the money of the base: the top fifth more than half of all purchases."""
    rates = pl.read_parquet(truth / "persons.parquet")["yearly_rate"].sort(descending=True)
    top = rates.head(len(rates) // 5).sum() / rates.sum()
    assert 0.5 < top < 0.8


def test_the_last_word_on_consent_is_one_per_person_and_channel(truth):
    consents = pl.read_parquet(truth / "consents.parquet")
    assert consents.select("person_id", "consent_channel").is_duplicated().sum() == 0
    shares = consents.group_by("consent_channel").agg((pl.col("status") == "granted").mean())
    assert dict(shares.rows())["email"] > dict(shares.rows())["phone"]
