"""What landing leaves for people: ops tables, dry runs, and word of what arrived."""

from __future__ import annotations

import os

from shop_feeds import SALE_COLUMNS, STORE_COLUMNS

from ingestion.arrivals import LandingWatch, arrived_since
from ingestion.checking import check_feed
from ingestion.operations_tables import record_batches
from workspace.operations import operations
from workspace.runs import Run

HEADER = "ID,NAME,OPENED,CHANGED\n"


def table(shop, sql: str):
    with operations(shop.ws) as con:
        return con.execute(sql).fetchall()


def test_batches_and_failures_are_recorded_once(shop):
    shop.feed(columns=STORE_COLUMNS)
    shop.file("tills-1.csv", HEADER + "1,A,,\nbad\n")
    shop.file("tills-2.csv", "wrong\n")
    shop.land()
    for _ in range(2):
        record_batches(shop.ws, shop.run)
    found = table(shop, "select contract, kind, source_file, source_rows, rows_in, accepted, quarantined, is_balanced, "
                        "run_id from ops.batches")  # fmt: skip
    assert found == [("stores", "delivery", "landing/tills-1.csv", 2, 2, 1, 1, True, shop.run.run_id)]
    failures = "select source_file, code, run_id from ops.file_failures order by run_id"
    assert table(shop, failures) == [("landing/tills-2.csv", "missing_column", shop.run.run_id)]
    later = Run.from_id("run-20260201T050000Z")
    (shop.root / "landing" / "tills-2.csv").unlink()
    shop.run = later
    shop.land()
    record_batches(shop.ws, later)
    assert len(table(shop, failures)) == 1, "what an earlier run could not read stays on record"
    assert len(table(shop, "from ops.batches")) == 1


def test_counts_and_rows_for_the_asset(shop):
    shop.feed(columns=STORE_COLUMNS)
    shop.file("tills-1.csv", HEADER + "1,A,,\nbad\n")
    result = shop.land()
    assert result.counts == {
        "batches": 1, "files_skipped": 0, "files_failed": 0, "batches_outdated": 0, "source_rows": 2, "rows_read": 2,
        "filtered": 0, "rows_in": 2, "accepted": 1, "superseded": 0, "duplicate": 0, "quarantined": 1,
    }  # fmt: skip
    assert [row["source_file"] for row in result.batch_rows()] == ["landing/tills-1.csv"]


def test_dry_run_writes_nothing_and_tells_what_would_happen(shop):
    shop.feed(columns=STORE_COLUMNS, where="NAME is null or NAME <> 'TEST'")
    shop.file("tills.csv", "ID,NAME,OPENED,CHANGED,EXTRA\n1,A,2020-01-01,,x\n2,TEST,,,\n,B,,,\nbad\n3,C,soon,,\n")
    check = check_feed(shop.ws, shop.run, "tills")
    assert (check.rows, check.good_rows, check.filtered_rows, check.is_good) == (5, 1, 1, False)
    assert check.problems == {"required_missing (store_id)": 1, "type_mismatch (opened_on)": 1, "malformed_row": 1}
    assert check.unmapped_columns == ["EXTRA"]
    assert check.preview[0]["store_name"] == "A"
    assert not [path for path in (shop.root / "lake").rglob("*") if path.is_file()]


def test_dry_run_reads_only_the_first_rows(shop):
    for encoding in ("utf-8", "utf-16"):
        shop.feed(columns=STORE_COLUMNS, source={"encoding": encoding})
        shop.file("tills.csv", HEADER + "".join(f"{n},A,,\n" for n in range(5000)), encoding)
        assert check_feed(shop.ws, shop.run, "tills", rows=100).rows == 100


def test_dry_run_of_nothing_and_of_a_wrong_file(shop):
    shop.feed(contract="pos_sales", columns=SALE_COLUMNS, defaults={"currency_code": "BRL"})
    assert "no file matches" in (check_feed(shop.ws, shop.run, "tills").error or "")
    shop.file("tills.csv", "A,B\n1,2\n")
    assert "has no column" in (check_feed(shop.ws, shop.run, "tills").error or "")


def test_arrivals_wait_until_a_file_stops_changing(shop):
    def look(cursor):
        return LandingWatch.resume(shop.ws, cursor)

    empty = look(None)
    assert (empty.has_settled_news, empty.reason) == (False, "the landing folder is empty")
    path = shop.file("tills.csv", HEADER)
    first = look(empty.cursor)
    assert (first.has_settled_news, "waiting" in first.reason) == (False, True)
    shop.file("tills.csv", HEADER + "1,A,,\n")
    growing = look(first.cursor)
    assert not growing.has_settled_news
    settled = look(growing.cursor)
    assert settled.has_settled_news
    after = look(settled.acknowledged)
    assert (after.has_settled_news, after.reason) == (False, "nothing new in the landing folder")
    os.utime(path, ns=(1, 1))
    assert not look(after.cursor).has_settled_news
    assert look(look(after.cursor).cursor).has_settled_news
    assert look("not json").last_run is None


def test_what_arrived_since_a_moment_is_no_message_of_the_run_itself(shop):
    assert not arrived_since(shop.ws, shop.run, 0)
    own = shop.file(f"activation/offers-{shop.run.run_id}.jsonl", "{}")
    assert not arrived_since(shop.ws, shop.run, 0)
    assert arrived_since(shop.ws, None, 0)
    path = shop.file("tills.csv", HEADER)
    os.utime(path, (1000, 1000))
    assert arrived_since(shop.ws, shop.run, 999)
    assert not arrived_since(shop.ws, shop.run, 1000)
    assert own.exists()
