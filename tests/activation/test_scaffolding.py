from __future__ import annotations

from datetime import timedelta

import pytest
from activation_shop import SOURCES, TABLES, Person, Shop

from activation.loading import load_activation
from activation.scaffolding import scaffold_files
from activation.sources import load_sources
from activation.syncing import activate
from data_contracts.loader import load_contract
from ingestion.checking import check_feed
from ingestion.landing import land_contract
from workspace.runs import Run
from workspace.sql import connect


def test_what_was_sent_lands_as_a_feed_through_the_shipped_mapping(shop: Shop) -> None:
    feed = shop.ws.root / "feeds" / "activation_messages.yml"
    feed.parent.mkdir()
    feed.write_text(scaffold_files()["feeds/activation_messages.yml"], encoding="utf-8")
    run = shop.publish([Person("c1"), Person("c2")])
    activate(shop.ws, run)
    assert check_feed(shop.ws, run, "activation_messages").is_good
    assert land_contract(shop.ws, run, "activation_messages").batches == [], "a run does not read what it sent itself"
    land_contract(shop.ws, Run.at(run.as_of + timedelta(hours=1)), "activation_messages")
    with connect() as con:
        rows = con.execute(
            "select customer_id, channel, operation, sent_at from read_parquet(?, hive_partitioning = false) order by 1",
            [str(shop.ws.lake / "activation_messages" / "*" / "*.parquet")],
        ).fetchall()
    assert rows == [(name, "email", "add", run.as_of_naive) for name in ("c1", "c2")]


def test_scaffold_is_valid_configuration(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in ("destinations.yml", "syncs.yml", "policy.yml", "audiences/buyers.yml"):
        (shop.ws.root / path).unlink()
    for name, text in scaffold_files().items():
        path = shop.ws.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.setattr("activation.loading.load_sources", load_sources)
    config = load_activation(shop.ws)
    assert list(config.syncs) == ["win_back_email"] and list(config.audiences) == ["win_back"]


def test_hand_made_view_of_these_tests_keeps_to_the_contracts_of_the_marts() -> None:
    for table, columns in TABLES.items():
        contract = load_contract("products", table.split(".")[1])
        types = {column.name: column.physical_type.lower().replace(" ", "") for column in contract.columns}
        for column in columns.split(", "):
            name, kind = column.split(" ")
            assert types[name] == kind, f"{table}.{name}"
    real = load_sources()
    assert {name: real.summary[name] for name in SOURCES.summary} == SOURCES.summary
    assert {name: real.contacts[name] for name in SOURCES.contacts} == SOURCES.contacts
