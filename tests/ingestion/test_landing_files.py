"""Landing a file end to end, for each way in which its text may be written."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from shop_feeds import SALE_COLUMNS, STORE_COLUMNS, utc

from ingestion.lake import Lake
from ingestion.quarantine import list_quarantine

HEADER = "ID,NAME,OPENED,CHANGED\n"
THREE = (
    HEADER + "1,Açaí,2020-01-02,2026-01-01 10:00\n2,São João,,2026-01-01 10:00\n3,Plain,2020-01-04,2026-01-01 10:00\n"
)
NAMES = [("1", "Açaí"), ("2", "São João"), ("3", "Plain")]


def landed_names(shop):
    return shop.rows("store_id, store_name")


def test_plain_file_lands_with_lineage(shop):
    shop.feed(columns=STORE_COLUMNS)
    shop.file("tills.csv", THREE)
    result = shop.land()
    assert [(one.rows_in, one.accepted) for one in result.batches] == [(3, 3)]
    assert landed_names(shop) == NAMES
    rows = shop.rows("store_id, opened_on, updated_at, _source_file, _source_row, _run_id, _record_id")
    assert rows[0] == ("1", date(2020, 1, 2), utc("2026-01-01 13:00"), "landing/tills.csv", 2, shop.run.run_id, None)
    assert [row[4] for row in rows] == [2, 3, 4]
    shop.balance()


@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        ("utf-8", "utf-8"),
        ("utf-8", "utf-8-sig"),
        ("latin-1", "latin-1"),
        ("cp1252", "cp1252"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp850", "cp850"),
    ],
)
def test_encodings(shop, encoding, written):
    shop.feed(source={"encoding": encoding}, columns=STORE_COLUMNS)
    shop.file("tills.csv", THREE, written)
    assert shop.land().total("accepted") == 3
    assert landed_names(shop) == NAMES


def test_euro_sign_needs_cp1252(shop):
    shop.feed(source={"encoding": "cp1252"}, columns=STORE_COLUMNS)
    shop.file("tills.csv", HEADER + "1,Loja €,,\n", "cp1252")
    shop.land()
    assert landed_names(shop) == [("1", "Loja €")]


@pytest.mark.parametrize("ends", ["\r\n", "\r", "mixed"])
def test_line_ends(shop, ends):
    lines = THREE.splitlines()
    text = "\r\n".join(lines[:2]) + "\n" + "\r\n".join(lines[2:]) if ends == "mixed" else ends.join(lines) + ends
    shop.feed(columns=STORE_COLUMNS)
    shop.file("tills.csv", text)
    assert shop.land().total("accepted") == 3
    assert landed_names(shop) == NAMES


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ({"delimiter": ";"}, "SALE;STORE;AT;NET\n1;7;2026-01-02 10:00;12,50\n"),
        ({"delimiter": "tab"}, "SALE\tSTORE\tAT\tNET\n1\t7\t2026-01-02 10:00\t12,50\n"),
        ({"delimiter": "|", "quote": "'"}, "SALE|STORE|AT|NET\n1|'7'|2026-01-02 10:00|'12,50'\n"),
        ({"delimiter": ";", "thousands": "."}, "SALE;STORE;AT;NET\n1;7;2026-01-02 10:00;+12,50\n"),
        ({"delimiter": ";", "datetime_format": "%d/%m/%Y %H:%M"}, "SALE;STORE;AT;NET\n1;7;02/01/2026 10:00;12,5\n"),
        ({"delimiter": ";", "header": False, "names": ["SALE", "STORE", "AT", "NET"]}, "1;7;2026-01-02 10:00;12,50\n"),
        ({"delimiter": ";", "skip_lines": 2}, "report\n\nSALE;STORE;AT;NET\n1;7;2026-01-02 10:00;12,50\n"),
        ({"delimiter": ";"}, 'NET;"AT";STORE;EXTRA;SALE\n12,50;"2026-01-02 10:00";7;x;1\n'),
    ],
)
def test_dialects(shop, source, text):
    shop.feed(
        contract="pos_sales", source={"decimal": ",", **source}, columns=SALE_COLUMNS, defaults={"currency_code": "BRL"}
    )
    shop.file("tills.csv", text)
    result = shop.land("pos_sales")
    assert result.total("accepted") == 1, (result.failures, list_quarantine(shop.ws))
    expected = ("1", "7", utc("2026-01-02 13:00"), Decimal("12.50"), "BRL")
    assert shop.rows("source_sale_id, store_id, sold_at, net_amount, currency_code", "pos_sales") == [expected]
    assert shop.rows("_source_row", "pos_sales") == [(len(text.splitlines()),)]


def test_thousands_and_decimal_comma(shop):
    shop.feed(
        contract="pos_sales",
        source={"delimiter": ";", "decimal": ",", "thousands": "."},
        columns=SALE_COLUMNS,
        defaults={"currency_code": "BRL"},
    )
    lines = [
        f"{n};7;2026-01-02;{v}" for n, v in enumerate(["1.234,50", "1234,5", "-1.000", "1.23,4", "1,234.5", "1e2"])
    ]
    shop.file("tills.csv", "SALE;STORE;AT;NET\n" + "\n".join(lines) + "\n")
    shop.land("pos_sales")
    amounts = [row[0] for row in shop.rows("net_amount", "pos_sales", "source_sale_id")]
    assert amounts == [Decimal("1234.50"), Decimal("1234.50"), Decimal("-1000.00"), Decimal("100.00")]
    assert [row.reason_code for row in list_quarantine(shop.ws)] == ["type_mismatch"] * 2
    shop.balance("pos_sales")


def test_gzip_and_zip_members(shop):
    shop.feed(columns=STORE_COLUMNS)
    shop.file("tills.csv.gz", gzip.compress(THREE.encode()))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/b.csv", HEADER + "4,Four,,\n")
        archive.writestr("c.csv", HEADER + "5,Five,,\n")
        archive.writestr("__MACOSX/c.csv", "junk")
    shop.file("tills.zip", buffer.getvalue())
    result = shop.land()
    assert not result.failures
    assert [row[0] for row in landed_names(shop)] == ["1", "2", "3", "4", "5"]
    assert {row[0] for row in shop.rows("_source_file")} == {
        "landing/tills.csv.gz",
        "landing/tills.zip!a/b.csv",
        "landing/tills.zip!c.csv",
    }


def test_gzip_of_several_members_is_one_file(shop):
    shop.feed(columns=STORE_COLUMNS)
    half = THREE.index("2,")
    shop.file("tills.csv.gz", gzip.compress(THREE[:half].encode()) + gzip.compress(THREE[half:].encode()))
    assert shop.land().total("accepted") == 3


def test_json_lines_with_nested_keys_and_broken_lines(shop):
    columns = STORE_COLUMNS | {"store_name": "place.name", "updated_at": "when"}
    del columns["opened_on"]
    shop.feed(source={"format": "jsonl"}, columns=columns | {"store_id": "id"})
    shop.file(
        "tills.jsonl",
        '{"id": 1, "place": {"name": "A\\u00e7a\\u00ed"}, "when": "2026-01-01T10:00:00Z"}\n\n[1, 2]\n{"id": "2", \n'
        '{"place": {}}\n   \n{"id": 3, "place": null}\n',
    )
    result = shop.land()
    assert landed_names(shop) == [("1", "Açaí"), ("3", None)]
    assert shop.rows("_source_row") == [(1,), (7,)]
    assert shop.rows("updated_at")[0] == (utc("2026-01-01 10:00"),)
    bad = [(row.source_row, row.reason_code, row.column_name) for row in list_quarantine(shop.ws)]
    assert bad == [(3, "malformed_row", None), (4, "malformed_row", None), (5, "required_missing", "store_id")]
    assert result.batches[0].rows_in == 5
    shop.balance()


def test_parquet_of_typed_columns(shop):
    table = pa.table(
        {
            "SALE": pa.array([1.0, 2.0, None]),
            "STORE": pa.array([7, 8, 9], pa.int32()),
            "AT": pa.array([utc("2026-01-02 10:00"), utc("2026-01-03 10:00"), None], pa.timestamp("ns")),
            "NET": pa.array([0.1, 2.675, 1.0]),
            "TAGS": pa.array([["a"], [], None], pa.list_(pa.string())),
        }
    )
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    shop.feed(
        contract="pos_sales",
        source={"format": "parquet"},
        columns=SALE_COLUMNS | {"payment_method": "TAGS"},
        defaults={"currency_code": "BRL"},
    )
    shop.file("tills.parquet", buffer.getvalue())
    shop.land("pos_sales")
    assert shop.rows("source_sale_id, store_id, sold_at, net_amount, payment_method", "pos_sales") == [
        ("1", "7", utc("2026-01-02 13:00"), Decimal("0.10"), '["a"]'),
        ("2", "8", utc("2026-01-03 13:00"), Decimal("2.68"), "[]"),
    ]
    assert [row.reason_code for row in list_quarantine(shop.ws)] == ["required_missing"]


def test_missing_feed_gives_an_empty_typed_table(shop):
    shop.land("pos_sales")
    assert shop.rows("count(*), sum(net_amount)", "pos_sales") == [(0, None)]
    assert (Lake(shop.ws).batch_folder("pos_sales", "empty") / "part-0.parquet").exists()


def test_quoted_line_ends_and_quotes(shop):
    shop.feed(columns=STORE_COLUMNS)
    shop.file("tills.csv", HEADER + '1,"two\nlines",,\n2,"say ""hi"", now",,\n3,plain,,\n')
    shop.land()
    assert landed_names(shop) == [("1", "two\nlines"), ("2", 'say "hi", now'), ("3", "plain")]
    assert [row[0] for row in shop.rows("_source_row", order="store_id")] == [2, 4, 5]


def test_where_defaults_maps_and_expressions(shop):
    columns = SALE_COLUMNS | {
        "net_amount": {"sql": "GROSS - coalesce(number(OFF), 0)"},
        "status": {"column": "ST", "map": {"C": "completed", "X": "cancelled", "?": None}},
        "coupon_code": {"sql": "upper(left(CODE, 3))"},
    }
    shop.feed(
        contract="pos_sales",
        source={"delimiter": ";", "decimal": ",", "null_values": ["-"]},
        columns=columns,
        defaults={"currency_code": "BRL", "sale_type": "sale"},
        where="KIND <> 'TEST'",
    )
    shop.file(
        "tills.csv",
        "SALE;STORE;AT;GROSS;OFF;ST;CODE;KIND\n1;7;2026-01-02;10,10;0,05;C;abcdef;A\n2;7;2026-01-02;10,10;;X;-;A\n"
        "3;7;2026-01-02;10,10;;?;;TEST\n4;7;2026-01-02;10,10;oops;C;;A\n5;7;2026-01-02;abc;;C;;A\n",
    )
    result = shop.land("pos_sales")
    assert (result.total("filtered"), result.total("rows_in"), result.total("rows_read")) == (1, 4, 5)
    assert shop.rows("source_sale_id, net_amount, status, coupon_code, sale_type", "pos_sales") == [
        ("1", Decimal("10.05"), "completed", "ABC", "sale"),
        ("2", Decimal("10.10"), "cancelled", None, "sale"),
    ]
    assert [(row.reason_code, row.column_name) for row in list_quarantine(shop.ws)] == [
        ("expression_failed", "net_amount"),
        ("expression_failed", "net_amount"),
    ]


@pytest.mark.parametrize("name", ["  A b ", "\u00a0A b\u00a0 ", "\tA b", '" A b "'])
def test_blanks_around_a_value_are_no_part_of_it(shop, name):
    shop.feed(columns=STORE_COLUMNS)
    shop.file("tills.csv", HEADER + f" 1 ,{name}, 2020-01-02 ,\n2,   ,,\n")
    shop.land()
    assert shop.rows("store_id, store_name, opened_on") == [("1", "A b", date(2020, 1, 2)), ("2", None, None)]
