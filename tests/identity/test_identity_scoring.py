"""The epoch, the model and the scored edges, on made-up people without any identifier."""

from __future__ import annotations

import json
import random
from datetime import date, timedelta

import duckdb
import pytest

from identity.configuration import load_identity_config
from identity.epochs import ModelEpoch, adopted_folder, freeze_epoch, load_epoch, write_epoch
from identity.scoring.predicting import create_scored_edges, create_touched_scores, epoch_model
from identity.scoring.waterfall import explain_pair

pytest.importorskip("splink")
GIVEN = [
    "ana",
    "bruno",
    "carla",
    "diego",
    "elisa",
    "fabio",
    "gloria",
    "hugo",
    "irene",
    "jorge",
    "katia",
    "luis",
    "marta",
    "nuno",
]
FAMILY = [
    "alves",
    "barros",
    "costa",
    "dias",
    "esteves",
    "faria",
    "gomes",
    "horta",
    "iglesias",
    "jardim",
    "lopes",
    "moura",
    "neves",
]
CITIES = ["porto", "lisboa", "braga", "faro", "evora", "aveiro"]


def people(count=180, seed=3):
    """Return rows of about 1.8 records a person: (number, given, family, birth date, e-mail, city, postal code)."""
    draw = random.Random(seed)
    rows = []
    for person in range(count):
        given, family = draw.choice(GIVEN), draw.choice(FAMILY)
        born = date(1950, 1, 1) + timedelta(days=draw.randrange(18000))
        for copy in range(draw.choice([1, 2, 2])):
            typed = given if copy == 0 or draw.random() < 0.7 else given[:2] + given[3:]
            mail = f"{given}.{family}{person}@mail.pt" if draw.random() < 0.7 else None
            rows.append(
                (typed, family, born if draw.random() < 0.85 else None, mail, draw.choice(CITIES), f"{1000 + person}")
            )
    return [(1000 + number, *row) for number, row in enumerate(rows)]


@pytest.fixture
def con():
    con = duckdb.connect(config={"threads": 2})
    con.execute(
        "create table records (rid BIGINT, record_id VARCHAR, name_key VARCHAR, full_name VARCHAR, is_deleted BOOLEAN, "
        "street VARCHAR, city VARCHAR, country_code VARCHAR, birth_date DATE, email_key VARCHAR, phone_key VARCHAR, "
        "document_number VARCHAR, postal_code VARCHAR, street_number VARCHAR)"
    )
    con.execute(
        "create table profiles as select 0::BIGINT as profile, null::VARCHAR as name_key, null::VARCHAR as given_key, "
        "null::VARCHAR as family_key, null::DATE as birth_date, null::VARCHAR as document_number, false as document_is_valid, "
        "null::VARCHAR as email_key, null::VARCHAR as phone_key, null::VARCHAR as local_key, null::VARCHAR as loyalty_card_key, "
        "null::VARCHAR as account_key, null::VARCHAR as postal_code, null::VARCHAR as street_number where false"
    )
    con.execute("create table guards (kind VARCHAR, value VARCHAR, decision VARCHAR)")
    for rid, given, family, born, mail, city, postal in people():
        name = f"{given} {family}"
        con.execute(
            "insert into records values (?, ?, ?, ?, false, null, ?, 'PT', ?, ?, null, null, ?, null)",
            [rid, f"r{rid}", name, name.title(), city, born, mail, postal],
        )
        con.execute(
            "insert into profiles values (?, ?, ?, ?, ?, null, false, ?, null, null, null, null, ?, null)",
            [rid, name, given, family, born, mail, postal],
        )
    yield con
    con.close()


@pytest.fixture
def epoch(con, lake):
    return freeze_epoch(con, lake.ws, load_identity_config(lake.ws))


def edges(con, ws, epoch):
    create_scored_edges(con, epoch, load_identity_config(ws))
    return weights(con)


def weights(con):
    return set(con.execute("select left_profile, right_profile, match_weight from scored_edges").fetchall())


def test_the_same_records_give_the_same_epoch(con, lake, epoch):
    con.execute("create or replace table profiles as select * from profiles order by hash(profile)")
    con.execute("create or replace table records as select * from records order by hash(rid)")
    again = freeze_epoch(con, lake.ws, load_identity_config(lake.ws))
    assert again.epoch_id == epoch.epoch_id
    con.execute("delete from records where rid = 1000")
    assert freeze_epoch(con, lake.ws, load_identity_config(lake.ws)).epoch_id != epoch.epoch_id


def test_an_adopted_epoch_comes_back_as_it_was(con, lake, epoch):
    before = edges(con, lake.ws, epoch)
    write_epoch(con, adopted_folder(lake.ws))
    con.execute("delete from name_tokens")
    con.execute("delete from term_frequencies")
    loaded = load_epoch(con, lake.ws, load_identity_config(lake.ws))
    assert loaded == epoch
    assert edges(con, lake.ws, loaded) == before


def test_touched_profiles_give_exactly_the_edges_of_a_full_run(con, lake, epoch):
    full = edges(con, lake.ws, epoch)
    con.execute("create table scorable_touched as select * from scorable where hash(profile) % 10 = 0")
    changed = {row[0] for row in con.execute("select profile from scorable_touched").fetchall()}
    expected = {edge for edge in full if edge[0] in changed or edge[1] in changed}
    assert expected
    assert expected != full
    create_touched_scores(con, epoch)
    assert weights(con) == expected


def test_weights_equal_those_of_splink(con, lake, epoch):
    from splink import DuckDBAPI, Linker

    model = epoch_model(epoch)
    ours = {(a, b): weight for a, b, weight in edges(con, lake.ws, epoch)}
    described = json.loads(epoch.splink_model)
    described.pop("profile_count")
    for comparison in described["comparisons"]:
        for level in comparison["comparison_levels"]:
            # frequencies are ours: values of one profile are not in the frozen table
            level.pop("tf_adjustment_column", None)
            level.pop("disable_tf_exact_match_detection", None)
    described["blocking_rules_to_generate_predictions"] = ["l.email = r.email", "l.birth_date = r.birth_date"]
    with duckdb.connect() as own:
        own.register("rows", con.sql("select * from scorable").to_arrow_table())
        own.execute("create table scorable as select * from rows")
        linker = Linker(DuckDBAPI(own).register("scorable"), described, log_level=None, validate_settings=False)
        predicted = linker.inference.predict()
        theirs = own.execute(f"select profile_l, profile_r, match_weight from {predicted.physical_name}").fetchall()
    for comparison in model["comparisons"]:
        for level in comparison["comparison_levels"]:
            level.pop("tf_adjustment_column", None)
    from identity.scoring.predicting import weights_sql

    con.execute("create table pairs_of_splink (left_profile BIGINT, right_profile BIGINT)")
    con.executemany("insert into pairs_of_splink values (?, ?)", [(min(a, b), max(a, b)) for a, b, _ in theirs])
    plain = {(a, b): w for a, b, w in con.execute(weights_sql(model, "pairs_of_splink")).fetchall()}
    assert len(theirs) > 50
    assert len(ours) > 50
    for a, b, weight in theirs:
        assert plain[min(a, b), max(a, b)] == pytest.approx(weight, abs=1e-5)


def test_an_exact_email_weighs_more_than_the_prior_takes(epoch):
    model = json.loads(epoch.splink_model)
    email = next(one for one in model["comparisons"] if one["output_column_name"] == "email")
    level = next(one for one in email["comparison_levels"] if one["label_for_charts"] == "same e-mail")
    share = model["probability_two_random_records_match"]
    assert level["m_probability"] / level["u_probability"] > 4 * (1 - share) / share


def test_the_waterfall_adds_up_to_the_weight(con, lake, epoch):
    left, right, weight = max(edges(con, lake.ws, epoch), key=lambda edge: edge[2])
    steps = explain_pair(con, epoch, f"r{left}", f"r{right}", records="records")
    assert sum(step.bits for step in steps) == pytest.approx(weight, abs=1e-4)
    assert {"name", "birth_date", "email"} <= {step.comparison for step in steps}
    with pytest.raises(LookupError):
        explain_pair(con, epoch, f"r{left}", "nobody", records="records")


def test_nothing_is_scored_without_a_model(con, lake):
    assert edges(con, lake.ws, ModelEpoch("e", 1, "r", "n")) == set()


def test_workspaces_with_identifiers_train_nothing(con, lake):
    con.execute("update profiles set phone_key = '+35191' || profile where profile % 2 = 0")
    assert freeze_epoch(con, lake.ws, load_identity_config(lake.ws)).splink_model is None


def test_a_record_without_a_name_is_weighed_when_a_birth_date_stands_beside_its_email(con, lake, epoch):
    row = con.execute(
        "select profile, birth_date, email_key from profiles where birth_date is not null and email_key is not null "
        "order by profile limit 1"
    ).fetchall()[0]
    nameless = {5000: row[1:], 5001: (row[1], None), 5002: (None, row[2])}
    for rid, (born, mail) in nameless.items():
        con.execute(
            "insert into records (rid, record_id, is_deleted, country_code, birth_date, email_key) "
            "values (?, ?, false, 'PT', ?, ?)", [rid, f"r{rid}", born, mail],
        )  # fmt: skip
        con.execute(
            "insert into profiles (profile, document_is_valid, birth_date, email_key) values (?, false, ?, ?)",
            [rid, born, mail],
        )
    weights = {edge[:2]: edge[2] for edge in edges(con, lake.ws, epoch)}
    assert weights[row[0], 5000] > 0
    assert not [pair for pair in weights if {5001, 5002} & {*pair}]
