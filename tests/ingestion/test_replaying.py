"""Quarantined rows that come back, with another mapping or corrected by hand."""

from __future__ import annotations

import json

import pytest
from conftest import Shop
from shop_feeds import STORE_COLUMNS

from ingestion.lake import Lake
from ingestion.quarantine import export_quarantine, list_quarantine, replay, show_row, summarise_quarantine
from workspace.errors import ConfigError

HEADER = "ID,NAME,OPENED,CHANGED\n"
BAD = HEADER + '1,A,2020-01-01,\n2,B,31/12/2020,\n3,C,,\n,D,,\n5,E\n6,"open,,\n7,G,1500-01-01,\n'


@pytest.fixture
def stores(shop: Shop) -> Shop:
    shop.feed(columns=STORE_COLUMNS)
    shop.file("tills.csv", BAD)
    shop.land()
    return shop


def open_rows(shop):
    return [(row.source_row, row.reason_code) for row in list_quarantine(shop.ws)]


def test_list_show_and_summary(stores):
    assert open_rows(stores) == [
        (3, "type_mismatch"), (5, "required_missing"), (6, "malformed_row"), (7, "malformed_row"), (8, "absurd_date"),
    ]  # fmt: skip
    first = list_quarantine(stores.ws, limit=1)[0]
    assert show_row(stores.ws, first.quarantine_id) == first
    assert json.loads(first.raw_text) == {"ID": "2", "NAME": "B", "OPENED": "31/12/2020", "CHANGED": None}
    assert first.reason == "opened_on: the value is not of the column's type"
    assert list_quarantine(stores.ws, feed="other") == []
    assert [row.source_row for row in list_quarantine(stores.ws, reason="absurd_date")] == [8]
    assert sum(group.open_rows for group in summarise_quarantine(stores.ws)) == 5
    with pytest.raises(ConfigError, match="there is no quarantined row"):
        show_row(stores.ws, "nothing-1")


def test_replay_without_a_change_leaves_everything(stores):
    result = replay(stores.ws, stores.run)
    assert (result.resolved, result.remaining, result.batches) == (0, 5, [])
    assert result.reasons == {
        "absurd_date|opened_on": 1, "malformed_row|": 2, "required_missing|store_id": 1, "type_mismatch|opened_on": 1,
    }  # fmt: skip
    assert stores.balance().quarantined == 5


def test_replay_with_a_better_mapping(stores):
    columns = STORE_COLUMNS | {"opened_on": {"column": "OPENED", "format": ["%d/%m/%Y", "%Y-%m-%d"]}}
    stores.feed(columns=columns)
    result = replay(stores.ws, stores.run, feed="tills")
    assert (result.resolved, result.remaining) == (1, 4)
    rows = stores.rows("store_id, _source_file, _source_row")
    assert rows == [("1", "landing/tills.csv", 2), ("2", "landing/tills.csv", 3), ("3", "landing/tills.csv", 4)]
    assert stores.balance().quarantined == 4
    again = replay(stores.ws, stores.run)
    assert (again.resolved, again.remaining) == (0, 4)
    assert [group.resolved_rows for group in summarise_quarantine(stores.ws) if group.resolved_rows] == [1]


def test_replay_of_an_export_corrected_by_hand(stores):
    path = export_quarantine(stores.ws, "exports/mend.jsonl", feed="tills")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    fixed = {
        3: {"record": {"ID": "2", "NAME": "B", "OPENED": "2020-12-31"}},
        5: {"record": {"ID": "4", "NAME": "D"}},
        6: {"raw_text": "5,E,,"},
        7: {"raw_text": '6,"open",,'},
        8: {"OPENED": None},
    }
    for line, number in zip(lines, (3, 5, 6, 7, 8), strict=True):
        line.update(fixed[number])
    path.write_text("\n".join(json.dumps(line) for line in lines))
    result = replay(stores.ws, stores.run, corrections=path)
    assert (result.resolved, result.remaining) == (5, 0)
    assert [row[0] for row in stores.rows("store_id")] == list("1234567")
    assert (stores.balance().quarantined, open_rows(stores)) == (0, [])
    before = Lake(stores.ws).manifests("stores")
    again = replay(stores.ws, stores.run, corrections=path)
    assert (again.resolved, again.remaining) == (0, 0)
    assert Lake(stores.ws).manifests("stores") == before


def test_csv_of_corrections_keeps_the_values_it_leaves_empty(stores, tmp_path):
    (row,) = list_quarantine(stores.ws, reason="type_mismatch")
    file = tmp_path / "mend.csv"
    file.write_text(f"quarantine_id,OPENED,NAME\n{row.quarantine_id},2020-12-31,\n")
    assert replay(stores.ws, stores.run, corrections=file).resolved == 1
    assert stores.rows("store_name, opened_on::varchar", order="store_id")[1] == ("B", "2020-12-31")


def test_only_the_rows_asked_for_are_replayed(stores):
    stores.feed(columns=STORE_COLUMNS | {"opened_on": {"sql": "cast(null as date)"}})
    wanted = [row.quarantine_id for row in list_quarantine(stores.ws, reason="absurd_date")]
    result = replay(stores.ws, stores.run, ids=wanted)
    assert (result.resolved, result.remaining) == (1, 0)
    assert (8, "absurd_date") not in open_rows(stores)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.jsonl", "{}", "not a corrected row"),
        ("a.jsonl", "nonsense", "not JSON"),
        ("a.jsonl", '{"quarantine_id": "x-1", "record": {"a": 1}}', "never quarantined"),
        ("a.jsonl", '{"quarantine_id": "x-1", "record": 5}', "not a corrected row"),
        ("a.jsonl", '{"quarantine_id": "x-1"}\n{"quarantine_id": "x-1"}', ":2: row x-1 is corrected twice"),
        ("a.csv", "id,NAME\n1,A\n", ":2: not a corrected row"),
        ("a.csv", "quarantine_id\nx,y\n", "not a corrected row"),
    ],
)
def test_wrong_corrections_are_refused(stores, tmp_path, name, text, message):
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(ConfigError, match=message):
        replay(stores.ws, stores.run, corrections=file)
    with pytest.raises(ConfigError, match="not found"):
        replay(stores.ws, stores.run, corrections=tmp_path / "missing.jsonl")


def test_rows_of_a_wrong_encoding_are_replayed_with_the_right_one(shop):
    shop.feed(columns=STORE_COLUMNS)
    shop.file("tills.csv", HEADER + "1,plain,,\n2,Açaí,,\n3,São,,\n", "latin-1")
    assert shop.land().batches[0].reasons == {"encoding_error": 2}
    shop.feed(columns=STORE_COLUMNS, source={"encoding": "latin-1"})
    assert replay(shop.ws, shop.run).resolved == 2
    assert shop.rows("store_name", order="store_id") == [("plain",), ("Açaí",), ("São",)]
    shop.balance()


def test_rows_of_a_removed_feed_stay(stores):
    (stores.root / "feeds" / "tills.yml").unlink()
    result = replay(stores.ws, stores.run)
    assert (result.remaining, result.reasons) == (5, {"feed_removed|": 5})


def test_replayed_row_that_is_in_the_lake_already_is_a_duplicate(stores):
    stores.file("tills-2.csv", HEADER + "2,B,2020-12-31,\n")
    stores.land()
    stores.feed(columns=STORE_COLUMNS | {"opened_on": {"column": "OPENED", "format": ["%d/%m/%Y", "%Y-%m-%d"]}})
    result = replay(stores.ws, stores.run)
    assert (result.resolved, result.total("duplicate")) == (1, 1)
    stores.balance()


def test_replay_leaves_out_what_the_feed_leaves_out_today(stores):
    stores.feed(columns=STORE_COLUMNS, where="NAME <> 'B'")
    result = replay(stores.ws, stores.run)
    assert (result.resolved, result.total("filtered")) == (1, 1)
    balance = stores.balance()
    assert (balance.filtered, balance.quarantined) == (1, 4)
