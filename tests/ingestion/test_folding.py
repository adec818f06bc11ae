"""Receipt lines that stand for receipts."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from shop_feeds import utc

from ingestion.feeds import load_feeds
from ingestion.lake import Lake
from ingestion.quarantine import list_quarantine, replay
from workspace.errors import ConfigErrors

COLUMNS: dict[str, Any] = {
    "source_system": {"value": "pos"},
    "source_sale_id": "SALE",
    "store_id": "STORE",
    "sold_at": {"sql": "min(SOLD)"},
    "net_amount": {"sql": "sum(PRICE * QTY) - coalesce(max(number(OFF)), 0)"},
    "coupon_code": {"sql": "any_value(CODE)"},
}
HEADER = "SALE;STORE;SOLD;PRICE;QTY;OFF;CODE\n"


@pytest.fixture
def tills(shop):
    def configure(**changes: Any) -> None:
        columns = COLUMNS | changes.pop("columns", {})
        source = {"delimiter": ";", "decimal": ",", "timezone": "UTC"} | changes.pop("source", {})
        shop.feed(
            contract="pos_sales",
            source=source,
            columns=columns,
            defaults={"currency_code": "BRL"},
            **({"group_by": ["SALE"]} | changes),
        )

    configure()
    shop.configure = configure
    return shop


def landed(shop):
    return shop.rows("source_sale_id, store_id, sold_at, net_amount, coupon_code, _source_row", "pos_sales")


def test_lines_fold_into_receipts_with_exact_sums(tills):
    lines = ["1;7;2026-01-02 10:01;0,1;3;0,05;B", "2;8;2026-01-02 11:00;2,675;2;;", "1;7;2026-01-02 10:00;0,1;3;;A"]
    tills.file("tills.csv", HEADER + "\n".join(lines) + "\n")
    batch = tills.land("pos_sales").batches[0]
    assert landed(tills) == [
        ("1", "7", utc("2026-01-02 10:00"), Decimal("0.55"), "A", 2),
        ("2", "8", utc("2026-01-02 11:00"), Decimal("5.35"), None, 3),
    ]
    assert (batch.source_rows, batch.rows_read, batch.rows_in, batch.accepted) == (3, 2, 2, 2)
    tills.balance("pos_sales")


def test_ten_thousand_lines_sum_to_the_cent_and_lose_none(tills):
    lines = [f"{n % 997};7;2026-01-02;0,{n % 100:02d};1;;" for n in range(10_000)]
    tills.file("tills.csv", HEADER + "\n".join(lines) + "\n")
    batch = tills.land("pos_sales").batches[0]
    assert (batch.source_rows, batch.accepted) == (10_000, 997)
    assert tills.rows("sum(net_amount)", "pos_sales") == [(Decimal("4950.00"),)]


def test_line_that_cannot_be_split_is_quarantined_alone(tills):
    tills.file("tills.csv", HEADER + "1;7;2026-01-02;1;1;;\nbroken\n;7;2026-01-02;1;1;;\n2;7;2026-01-02;1;1;;\n")
    batch = tills.land("pos_sales").batches[0]
    assert [
        (row.source_row, row.reason_code, row.column_name, row.raw_format) for row in list_quarantine(tills.ws)
    ] == [
        (3, "malformed_row", None, "line"),
        (4, "required_missing", "source_sale_id", "record"),
    ]
    assert (batch.source_rows, batch.rows_in, batch.accepted, batch.quarantined) == (4, 4, 2, 2)
    tills.balance("pos_sales")


def test_group_with_a_bad_value_is_quarantined_with_all_its_lines(tills):
    tills.file(
        "tills.csv",
        HEADER + "1;7;2026-01-02;1;1;;\n2;7;2026-01-02;x;1;;\n1;9;2026-01-02;2;1;;\n2;7;2026-01-02;5;1;;\n"
        "3;7;2026-01-02;1;1;oops;\n4;7;never;1;1;;\n5;7;2026-01-02;1;1;;\n",
    )
    batch = tills.land("pos_sales").batches[0]
    bad = {row.source_row: row for row in list_quarantine(tills.ws)}
    assert {line: (row.reason_code, row.column_name) for line, row in bad.items()} == {
        2: ("mixed_values", "store_id"),
        3: ("expression_failed", "net_amount"),
        6: ("expression_failed", "net_amount"),
        7: ("type_mismatch", "sold_at"),
    }
    assert [one["PRICE"] for one in json.loads(bad[3].raw_text)] == ["x", "5"]
    assert (batch.source_rows, batch.rows_in, batch.accepted, batch.quarantined) == (7, 5, 1, 4)
    tills.balance("pos_sales")


def test_filtered_lines_stay_out_of_the_sums(tills):
    tills.configure(where="CODE is null or CODE <> 'VOID'")
    tills.file("tills.csv", HEADER + "1;7;2026-01-02;1;1;;\n1;7;2026-01-02;99;1;;VOID\n")
    batch = tills.land("pos_sales").batches[0]
    assert landed(tills)[0][3] == Decimal("1.00")
    assert (batch.source_rows, batch.rows_read, batch.filtered, batch.rows_in) == (2, 2, 1, 1)
    tills.balance("pos_sales")


def test_corrected_group_and_its_lone_line_fold_together(tills, tmp_path):
    tills.file("tills.csv", HEADER + "1;7;2026-01-02;x;1;;\n1;7;2026-01-02;2;1\n1;7;2026-01-02;4;1;;\n")
    tills.land("pos_sales")
    group, line = list_quarantine(tills.ws)
    corrections = tmp_path / "fixed.jsonl"
    records = [record | {"PRICE": record["PRICE"].replace("x", "1")} for record in json.loads(group.raw_text)]
    corrections.write_text(
        json.dumps({"quarantine_id": group.quarantine_id, "record": records}) + "\n"
        + json.dumps({"quarantine_id": line.quarantine_id, "raw_text": line.raw_text + ";;"}) + "\n"
    )  # fmt: skip
    result = replay(tills.ws, tills.run, corrections=corrections)
    assert (result.resolved, result.remaining) == (2, 0)
    assert landed(tills)[0][3] == Decimal("7.00")
    balance = tills.balance("pos_sales")
    assert (balance.quarantined, balance.accepted) == (0, 1)
    again = replay(tills.ws, tills.run, corrections=corrections)
    assert (again.resolved, again.remaining, again.batches) == (0, 0, [])


def test_corrected_line_of_a_landed_group_stays_in_quarantine(tills, tmp_path):
    tills.file("tills.csv", HEADER + "1;7;2026-01-02;1;1;;\n1;7;2026-01-02;2;1\n")
    tills.land("pos_sales")
    (line,) = list_quarantine(tills.ws)
    corrections = tmp_path / "fixed.csv"
    corrections.write_text(f'quarantine_id,raw_text\n{line.quarantine_id},"{line.raw_text};;"\n')
    result = replay(tills.ws, tills.run, corrections=corrections)
    assert (result.resolved, result.remaining, result.reasons) == (0, 1, {"split_group|": 1})
    assert [row[3] for row in landed(tills)] == [Decimal("1.00")]
    assert tills.balance("pos_sales").quarantined == 1


def test_group_split_over_two_files_is_refused_without_a_version(tills):
    tills.file("tills-1.csv", HEADER + "1;7;2026-01-02;1;1;;\n")
    tills.land("pos_sales")
    tills.file("tills-2.csv", HEADER + "1;7;2026-01-02;2;1;;\n2;7;2026-01-02;2;1;;\n")
    result = tills.land("pos_sales")
    assert [one.code for one in result.failures] == ["split_group"]
    assert [row[3] for row in landed(tills)] == [Decimal("1.00")]
    tills.configure(columns={"updated_at": {"sql": "max(SOLD)"}})
    tills.file("tills-2.csv", HEADER + "1;7;2026-01-03;3;1;;\n")
    assert tills.land("pos_sales").total("accepted") == 1
    assert tills.newest("net_amount", "pos_sales") == [(Decimal("3.00"),)]


def test_repeated_group_is_a_duplicate(tills):
    tills.file("tills-1.csv", HEADER + "1;7;2026-01-02;1;1;;\n1;7;2026-01-02;2;1;;\n")
    tills.file("tills-2.csv", HEADER + "1;7;2026-01-02;2;1;;\n1;7;2026-01-02;1;1;;\n")
    result = tills.land("pos_sales")
    assert (result.total("accepted"), result.total("duplicate")) == (1, 1)


def test_json_lines_fold(tills):
    tills.configure(source={"format": "jsonl"})
    tills.file(
        "tills.jsonl",
        '{"SALE": 1, "STORE": 7, "SOLD": "2026-01-02", "PRICE": "1,5", "QTY": 1}\nnot json\n'
        '{"SALE": 1, "STORE": 7, "SOLD": "2026-01-02", "PRICE": "2,5", "QTY": 1}\n',
    )
    batch = tills.land("pos_sales").batches[0]
    assert [row[3] for row in landed(tills)] == [Decimal("4.00")]
    assert (batch.source_rows, batch.quarantined) == (3, 1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"group_by": ["SALE", "STORE"]}, "'STORE' is not part of the key of pos_sales"),
        ({"columns": {"net_amount": {"sql": "sum(PRICE) * QTY"}}}, "'QTY' is not a column of `group_by`"),
        ({"columns": {"net_amount": {"sql": "sum(max(PRICE))"}}}, "an aggregate cannot stand inside another"),
        ({"group_by": []}, "at least 1 item"),
    ],
)
def test_wrong_folding_is_refused_before_anything_runs(tills, changes, message):
    tills.configure(**changes)
    with pytest.raises(ConfigErrors, match=re.escape(message)):
        load_feeds(tills.ws)


def test_aggregate_without_group_is_refused(tills):
    tills.feed(contract="pos_sales", columns=COLUMNS, defaults={"currency_code": "BRL"})
    with pytest.raises(ConfigErrors, match=r"function '(min|sum|any_value)' is not allowed"):
        load_feeds(tills.ws)


def test_file_contents_do_not_depend_on_the_order_of_lines(tills):
    lines = [f"{n % 7};{n % 7};2026-01-02 10:{n:02d};{n},5;1;;C{n}" for n in range(50)]
    tills.file("tills.csv", HEADER + "\n".join(lines) + "\n")
    tills.land("pos_sales")
    first = tills.rows("source_sale_id, sold_at, net_amount, coupon_code, _row_hash", "pos_sales")
    tills.file("tills-2.csv", HEADER + "\n".join(reversed(lines)) + "\n")
    assert tills.land("pos_sales").total("duplicate") == 7
    assert tills.rows("source_sale_id, sold_at, net_amount, coupon_code, _row_hash", "pos_sales") == first
    assert len(Lake(tills.ws).manifests("pos_sales")) == 2
