"""Batches whose feed is mapped differently today."""

from __future__ import annotations

import pytest
from conftest import Shop
from shop_feeds import STORE_COLUMNS

from ingestion.quarantine import replay
from ingestion.relanding import reland

HEADER = "ID,NAME,OPENED,CHANGED\n"
BETTER = STORE_COLUMNS | {"opened_on": {"column": "OPENED", "format": "%d/%m/%Y"}, "city": {"value": "Porto"}}


@pytest.fixture
def stores(shop: Shop) -> Shop:
    shop.feed(columns=STORE_COLUMNS)
    shop.file("tills-1.csv", HEADER + "1,A,,2026-01-01\n2,B,31/12/2020,\n")
    shop.file("tills-2.csv", HEADER + "1,A,,2026-01-01\n3,C,,\n")
    shop.land()
    return shop


def test_outdated_batches_land_again_with_the_new_mapping(stores):
    stores.feed(columns=BETTER)
    result = reland(stores.ws, stores.run, "stores")
    assert (len(result.landing.batches), result.kept, result.landing.outdated) == (2, {}, [])
    assert stores.rows("store_id, city") == [("1", "Porto"), ("2", "Porto"), ("3", "Porto")]
    assert stores.balance().quarantined == 0
    assert reland(stores.ws, stores.run, "stores").landing.batches == []


def test_batch_whose_file_is_gone_stays(stores):
    (stores.root / "landing" / "tills-1.csv").unlink()
    stores.feed(columns=BETTER)
    result = reland(stores.ws, stores.run, "stores")
    assert (len(result.landing.batches), len(result.kept)) == (1, 1)
    assert "is not there any more" in next(iter(result.kept.values()))
    assert stores.rows("store_id, city") == [("1", "Porto"), ("1", None), ("3", "Porto")]
    stores.balance()


def test_replayed_rows_are_not_lost(stores):
    stores.feed(columns=BETTER)
    assert replay(stores.ws, stores.run).resolved == 1
    result = reland(stores.ws, stores.run, "stores")
    assert "replayed" in next(iter(result.kept.values()))
    assert [row[0] for row in stores.rows("distinct store_id")] == ["1", "2", "3"]
    stores.balance()


def test_repeat_does_not_vanish_with_what_it_repeated(shop):
    shop.feed("north", columns=STORE_COLUMNS, source={"path": "landing/north*"})
    shop.feed("south", columns=STORE_COLUMNS, source={"path": "landing/south*"})
    shop.file("north.csv", HEADER + "1,A,,\n")
    shop.file("south.csv", HEADER + "1,A,,\n")
    assert shop.land().total("duplicate") == 1
    shop.feed("north", columns=STORE_COLUMNS, source={"path": "landing/north*"}, where="NAME <> 'A'")
    (shop.root / "landing" / "south.csv").rename(shop.root / "landing" / "gone.csv")
    held = reland(shop.ws, shop.run, "stores")
    assert (held.landing.batches, "left out repeats" in next(iter(held.kept.values()))) == ([], True)
    assert shop.rows("store_id, store_name") == [("1", "A")]
    (shop.root / "landing" / "gone.csv").rename(shop.root / "landing" / "south.csv")
    assert len(reland(shop.ws, shop.run, "stores").landing.batches) == 2
    assert shop.rows("store_id, store_name") == [("1", "A")]
    shop.balance()


def test_death_between_taking_back_and_landing_loses_nothing(stores, monkeypatch):
    import ingestion.relanding as relanding

    stores.feed(columns=BETTER)

    def dying(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(relanding, "land_contract", dying)
    with pytest.raises(KeyboardInterrupt):
        reland(stores.ws, stores.run, "stores")
    monkeypatch.undo()
    stores.land()
    assert stores.rows("store_id, city") == [("1", "Porto"), ("2", "Porto"), ("3", "Porto")]
    stores.balance()
