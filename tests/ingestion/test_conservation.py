"""Whatever is delivered: every row ends exactly one way, nothing crashes, and every quarantined row can come back."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from conftest import Shop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shop_feeds import STORE_COLUMNS

from ingestion.feeds import FileSource
from ingestion.quarantine import list_quarantine, replay
from ingestion.text_files import write_normalised
from ingestion.text_stages import csv_stage, recovered_csv_stage
from workspace.runs import Run

HEADER = "ID,NAME,OPENED,CHANGED"
COLUMNS = STORE_COLUMNS | {"city": {"sql": "upper(NAME)"}, "state_code": {"sql": "left(ID, 2)"}}

ids = st.sampled_from(["1", "2", "3", " 4 ", "", "NULL", "ã"])
names = st.one_of(
    st.sampled_from(["A", "", 'say "x"', "a,b", "two\nlines", "\r", "\x00", "'", "{}", '"', "é\u2028", "\\N"]),
    st.text(max_size=6),
)
dates = st.sampled_from(
    ["", "2020-01-01", "31/12/2020", "0000-00-00", "300000-01-01", "infinity", "-1", "2020-01-01 10"]
)
instants = st.sampled_from(["", "2026-01-01", "2026-01-02 10:00", "2026-01-01T10:00:00Z", "9999-01-01", "1e9", "now"])
records = st.tuples(ids, names, dates, instants)


def as_csv(record: tuple[str, ...]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(record)
    return out.getvalue()


raw_lines = st.one_of(
    records.map(as_csv),
    records.map(as_csv),
    records.map(lambda one: ",".join(one).replace("\n", " ").replace("\r", " ")),
    st.sampled_from(
        ["", "   ", '1,"open,,', "1,A", "1,A,,,", "1,A,,,x", ',,,"', '"",A,,', "\ufeff1,A,,", "\x1f", '"', ",,,"]
    ),
    st.text(max_size=12).map(lambda text: text.replace("\n", "").replace("\r", "")),
)
files = st.tuples(
    st.lists(raw_lines, max_size=8), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans(), st.binary(max_size=4)
)


def content(file: tuple[list[str], str, bool, bytes]) -> bytes:
    lines, end, ends_with_line_end, tail = file
    text = end.join([HEADER, *lines]) + (end if ends_with_line_end else "")
    return text.encode("utf-8", "surrogatepass") + (tail if tail[:1] > b"\x80" else b"")


def fresh_shop(folder: str) -> Shop:
    shop = Shop(Path(folder) / "shop", Run.at(datetime(2026, 1, 31, 5, tzinfo=UTC)))
    shop.root.mkdir()
    shop.settings()
    shop.feed(columns=COLUMNS, source={"null_values": ["NULL"]})
    return shop


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(files, min_size=1, max_size=3))
def test_every_row_of_nasty_files_ends_one_way_and_can_come_back(deliveries):
    assert_conserved(deliveries)


@pytest.mark.slow
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(files, min_size=1, max_size=4))
def test_every_row_of_many_nasty_files_ends_one_way_and_can_come_back(deliveries):
    assert_conserved(deliveries)


def assert_conserved(deliveries):
    with tempfile.TemporaryDirectory() as folder:
        shop = fresh_shop(folder)
        for number, file in enumerate(deliveries):
            shop.file(f"tills-{number}.csv", content(file))
            result = shop.land()
            assert result.is_balanced
            shop.balance()
        before = shop.balance()
        rows = list_quarantine(shop.ws, limit=None)
        assert len(rows) == before.quarantined
        corrections = Path(folder) / "mend.jsonl"
        good = [
            {"quarantine_id": row.quarantine_id, "record": {"ID": f"mended {number}", "NAME": "A"}}
            for number, row in enumerate(rows)
        ]
        corrections.write_text("\n".join(json.dumps(one) for one in good))
        result = replay(shop.ws, shop.run, corrections=corrections)
        assert (result.resolved, result.remaining) == (len(rows), 0)
        after = shop.balance()
        assert (after.rows_in, after.quarantined) == (before.rows_in, 0)
        assert after.accepted == before.accepted + len(rows)


@pytest.fixture(scope="module")
def con():
    with duckdb.connect(config={"threads": 1}) as one:
        yield one


def rows_of(con, stage):
    columns = ", ".join(f'"{name}"' for name in stage.columns)
    con.execute("drop table if exists rejected_records; drop table if exists rejected_scans")
    con.execute(f"create or replace table read as select {columns} from {stage.relation}")
    return con.execute("from read").fetchall()


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(raw_lines, min_size=1, max_size=6))
def test_the_line_by_line_reader_agrees_with_the_fast_one(con, lines):
    """A broken row elsewhere in a file sends it to the slower reader: the other rows must be the same there."""
    source = FileSource(type="file", path=["x"])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = "\n".join([HEADER, *lines]) + "\n"
        shape = write_normalised([text.encode("utf-8", "surrogatepass")], folder / "text", "utf-8")
        stage = csv_stage(folder / "text", shape, source, 2_000_000)
        if stage is None:
            return
        try:
            fast = rows_of(con, stage)
        except duckdb.InvalidInputException:
            return
        if len(fast) != stage.expected_rows:
            return
        slow = recovered_csv_stage(folder / "text", source, folder, 2_000_000)
        assert slow.rejects is None
        assert rows_of(con, slow) == fast
