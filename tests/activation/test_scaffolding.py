from __future__ import annotations

import pytest
from activation_shop import Person, Shop

from activation.loading import load_activation
from activation.scaffolding import scaffold_files
from activation.sources import Sources
from activation.syncing import activate
from ingestion.checking import check_feed
from ingestion.landing import land_contract
from workspace.sql import connect


def test_what_was_sent_lands_as_a_feed_through_the_shipped_mapping(shop: Shop) -> None:
    feed = shop.ws.root / "feeds" / "activation_messages.yml"
    feed.parent.mkdir()
    feed.write_text(scaffold_files()["feeds/activation_messages.yml"], encoding="utf-8")
    run = shop.publish([Person("c1"), Person("c2")])
    activate(shop.ws, run)
    assert check_feed(shop.ws, run, "activation_messages").is_good
    land_contract(shop.ws, run, "activation_messages")
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
    columns = {"order_count": None, "recency_days": None, "segment_names": None, "customer_id": None}
    contacts = {"email": "pii_direct", "given_name": "pii_direct"}
    monkeypatch.setattr("activation.loading.load_sources", lambda ws=None: Sources(columns, contacts))
    config = load_activation(shop.ws)
    assert list(config.syncs) == ["win_back_email"] and list(config.audiences) == ["win_back"]
