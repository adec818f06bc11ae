"""What came before: repeats, renamed files, newer and older versions, and changed mappings."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from conftest import Shop
from shop_feeds import STORE_COLUMNS

from ingestion.lake import Lake
from ingestion.landing import land_contract
from ingestion.quarantine import list_quarantine
from workspace.runs import Run

HEADER = "ID,NAME,OPENED,CHANGED\n"


@pytest.fixture
def stores(shop: Shop) -> Shop:
    shop.feed(columns=STORE_COLUMNS)
    return shop


def snapshot(shop):
    return {path.relative_to(shop.root): path.read_bytes() for path in sorted(shop.root.rglob("*.*")) if path.is_file()}


def test_second_landing_changes_nothing(stores):
    stores.file("tills.csv", HEADER + "1,A,,\nbad\n")
    stores.land()
    before = snapshot(stores)
    again = stores.land()
    assert (again.batches, [one.source_file for one in again.skipped]) == ([], ["landing/tills.csv"])
    assert snapshot(stores) == before


def test_empty_batch_is_written_once(stores):
    stores.land()
    file = Lake(stores.ws).batch_folder("stores", "empty") / "part-0.parquet"
    written = file.stat().st_mtime_ns
    stores.land()
    assert file.stat().st_mtime_ns == written


def test_what_a_run_sent_waits_for_a_later_run(shop):
    shop.feed(columns=STORE_COLUMNS, source={"path": "landing/activation/*.csv"})
    own, others = (f"activation/offers-{run}.csv" for run in (shop.run.run_id, "run-20200101T000000Z"))
    shop.file(own, HEADER + "1,A,,\n")
    shop.file(others, HEADER + "2,B,,\n")
    shop.file("elsewhere.csv", HEADER)
    assert [one.source_file for one in shop.land().batches] == [f"landing/{others}"]
    later = Run.at(shop.run.as_of + timedelta(minutes=1))
    landed = land_contract(shop.ws, later, "stores")
    assert [one.source_file for one in landed.batches] == [f"landing/{own}"]


def test_renamed_and_copied_file_is_the_same_delivery(stores):
    path = stores.file("tills-1.csv", HEADER + "1,A,,\n")
    stores.land()
    path.rename(path.with_name("tills-2.csv"))
    stores.file("tills-3.csv", HEADER + "1,A,,\n")
    again = stores.land()
    assert again.batches == []
    assert [(one.source_file, one.landed_as) for one in again.skipped] == [
        ("landing/tills-2.csv", "landing/tills-1.csv"),
        ("landing/tills-3.csv", "landing/tills-1.csv"),
    ]


def test_changed_file_of_the_same_name_is_a_new_delivery(stores):
    stores.file("tills.csv", HEADER + "1,A,,\n")
    stores.land()
    stores.file("tills.csv", HEADER + "1,A,,\n2,B,,\n")
    batch = stores.land().batches[0]
    assert (batch.accepted, batch.duplicate) == (1, 1)
    stores.balance()


def test_rewritten_file_with_equal_content_is_hashed_again_and_skipped(stores):
    path = stores.file("tills.csv", HEADER + "1,A,,\n")
    stores.land()
    path.write_bytes(path.read_bytes())
    assert stores.land().batches == []


def test_newest_version_wins_whenever_it_arrives(stores):
    stores.file("tills-1.csv", HEADER + "1,new,,2026-01-03\n")
    stores.land()
    stores.file("tills-2.csv", HEADER + "1,old,,2026-01-01\n1,none,,\n2,only,,2026-01-01\n")
    batch = stores.land().batches[0]
    assert (batch.accepted, batch.superseded) == (1, 2)
    stores.file("tills-3.csv", HEADER + "1,newest,,2026-01-04\n1,newest,,2026-01-04\n")
    batch = stores.land().batches[0]
    assert (batch.accepted, batch.duplicate) == (1, 1)
    assert stores.newest("store_id, store_name") == [("1", "newest"), ("2", "only")]
    balance = stores.balance()
    assert (balance.rows_in, balance.accepted, balance.superseded, balance.duplicate) == (6, 3, 2, 1)


def test_repeat_of_an_older_version_is_a_duplicate(stores):
    stores.file("tills-1.csv", HEADER + "1,old,,2026-01-01\n1,new,,2026-01-02\n")
    stores.land()
    stores.file("tills-2.csv", HEADER + "1,old,,2026-01-01\n3,x,,\n")
    batch = stores.land().batches[0]
    assert (batch.accepted, batch.duplicate) == (1, 1)


def versions(seed: int) -> list[str]:
    rng = random.Random(seed)
    return [
        f"{rng.randrange(40)},name {rng.randrange(4)},,{rng.choice(['', f'2026-01-{rng.randrange(1, 6):02d}'])}"
        for _ in range(300)
    ]


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3))])
def test_order_of_rows_files_and_number_of_files_do_not_matter(tmp_path, seed):
    lines = versions(seed)
    found = set()
    for way, files in enumerate(("one", "shuffled", "ten", "ten backwards", "ten runs")):
        shop = Shop(tmp_path / str(way), Run.at(datetime(2026, 1, 31, 5, tzinfo=UTC)))
        shop.root.mkdir()
        shop.settings(threads=1 + way % 2)
        shop.feed(columns=STORE_COLUMNS)
        mixed = random.Random(seed + way).sample(lines, len(lines)) if way else lines
        parts = [mixed] if way < 2 else [mixed[at::10] for at in range(10)]
        for number, part in enumerate(parts):
            name = number if files != "ten backwards" else 10 - number
            shop.file(f"tills-{name:02d}.csv", HEADER + "\n".join(part) + "\n")
            if files == "ten runs":
                shop.land()
        shop.land()
        balance = shop.balance()
        assert balance.rows_in == 300
        assert balance.accepted + balance.superseded == len(set(lines))
        newest = shop.newest("source_system, store_id, store_name, updated_at, _row_key, _row_hash")
        found.add(tuple(newest))
    assert len(found) == 1


def test_changed_mapping_is_reported_and_lands_nothing_again(stores):
    stores.file("tills.csv", HEADER + "1,A,,\n")
    batch = stores.land().batches[0]
    stores.feed(columns=STORE_COLUMNS | {"city": "NAME"}, description="not part of the mapping")
    again = stores.land()
    assert (again.batches, again.outdated) == ([], [batch.batch_id])


def test_description_and_path_are_not_part_of_the_mapping(stores):
    stores.file("tills.csv", HEADER + "1,A,,\n")
    stores.land()
    stores.feed(columns=STORE_COLUMNS, description="other words", source={"path": ["landing/tills.csv"]})
    assert stores.land().outdated == []


def test_two_feeds_of_one_contract_share_keys(shop):
    shop.feed("north", columns=STORE_COLUMNS, source={"path": "landing/north*"})
    shop.feed("south", columns=STORE_COLUMNS, source={"path": "landing/south*"})
    shop.file("north.csv", HEADER + "1,A,,2026-01-01\n")
    shop.file("south.csv", HEADER + "1,A,,2026-01-01\n2,B,,\n")
    result = shop.land()
    assert [(one.feed, one.accepted, one.duplicate) for one in result.batches] == [("north", 1, 0), ("south", 1, 1)]


def test_batch_without_good_rows_has_a_manifest_and_no_folder(stores):
    stores.file("tills.csv", HEADER + ",A,,\n")
    batch = stores.land().batches[0]
    assert (batch.rows_in, batch.quarantined, batch.reasons) == (1, 1, {"required_missing": 1})
    assert not Lake(stores.ws).batch_folder("stores", batch.batch_id).exists()
    assert [row.source_row for row in list_quarantine(stores.ws)] == [2]
    stores.balance()
