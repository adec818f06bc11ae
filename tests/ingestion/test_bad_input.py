"""Input that is wrong as a whole is refused with a clear word; input that is wrong in a row is quarantined."""

from __future__ import annotations

import gzip
import io
import os
import zipfile

import pytest
from conftest import Shop
from shop_feeds import SALE_COLUMNS, STORE_COLUMNS

from ingestion.lake import Lake
from ingestion.quarantine import list_quarantine
from workspace.errors import ConfigError, ConfigErrors

HEADER = "ID,NAME,OPENED,CHANGED\n"


@pytest.fixture
def stores(shop: Shop) -> Shop:
    shop.feed(columns=STORE_COLUMNS)
    return shop


def only_failure(shop, contract="stores"):
    result = shop.land(contract)
    assert result.batches == []
    assert Lake(shop.ws).failures(contract) == result.failures
    (failure,) = result.failures
    return failure.code, failure.message


def problems(shop):
    return [(row.source_row, row.reason_code, row.column_name) for row in list_quarantine(shop.ws)]


def test_reordered_header_is_read_by_name(stores):
    stores.file("tills.csv", "CHANGED,OPENED,EXTRA,NAME,ID\n,2020-01-01,x,A,1\n")
    stores.land()
    assert stores.rows("store_id, store_name, opened_on::varchar") == [("1", "A", "2020-01-01")]


def test_header_in_another_case_is_read(stores):
    stores.file("tills.csv", " id ,Name,opened,changed\n1,A,,\n")
    stores.land()
    assert stores.rows("store_id, store_name") == [("1", "A")]


def test_missing_column_is_named(stores):
    stores.file("tills.csv", "ID,NOME,OPENED\n1,A,\n")
    code, message = only_failure(stores)
    assert (code, "'CHANGED', 'NAME'" in message, "tills.yml" in message) == ("missing_column", True, True)


def test_empty_file_and_wrong_delimiter_lack_their_columns(stores):
    stores.file("tills.csv", "")
    assert only_failure(stores)[0] == "missing_column"
    stores.file("tills.csv", HEADER.replace(",", ";") + "1;A;;\n")
    assert only_failure(stores)[0] == "missing_column"


def test_file_with_a_header_alone_is_an_empty_batch(stores):
    stores.file("tills.csv", HEADER)
    assert [one.rows_in for one in stores.land().batches] == [0]


def test_utf8_read_as_latin1_is_refused(shop):
    shop.feed(columns=STORE_COLUMNS, source={"encoding": "latin-1"})
    shop.file("tills.csv", HEADER + "1,Açaí,,\n")
    code, message = only_failure(shop)
    assert (code, "Set `encoding: utf-8`" in message) == ("wrong_encoding", True)


def test_utf16_read_as_utf8_is_refused(stores):
    stores.file("tills.csv", HEADER + "1,A,,\n", "utf-16")
    assert only_failure(stores)[0] == "wrong_encoding"


def test_latin1_read_as_utf8_costs_the_rows_with_accents(stores):
    stores.file("tills.csv", HEADER + "1,A,,\n2,Açaí,,\n3,B,,\n", "latin-1")
    stores.land()
    assert problems(stores) == [(3, "encoding_error", None)]
    assert [row[0] for row in stores.rows("store_id")] == ["1", "3"]


@pytest.mark.parametrize("cut", [1, 20, -1, -9])
def test_truncated_gzip(stores, cut):
    stores.file("tills.csv.gz", gzip.compress((HEADER + "1,A,,\n" * 50).encode())[:cut])
    assert only_failure(stores)[0] in ("truncated_file", "damaged_file")


def test_gzip_with_a_flipped_bit(stores):
    data = bytearray(gzip.compress((HEADER + "".join(f"{n},A{n},,\n" for n in range(500))).encode()))
    data[len(data) // 2] ^= 0x10
    stores.file("tills.csv.gz", bytes(data))
    assert only_failure(stores)[0] in ("truncated_file", "damaged_file")


def test_gzip_bomb(stores):
    stores.file("tills.csv.gz", gzip.compress(HEADER.encode() + b"1,A,,\n" * 8_000_000))
    code, message = only_failure(stores)
    assert (code, "max_compression_ratio" in message) == ("zip_bomb", True)


def zipped(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def test_zip_bomb(stores):
    stores.file("tills.zip", zipped("a.csv", HEADER.encode() + b"1,A,,\n" * 8_000_000))
    assert only_failure(stores)[0] == "zip_bomb"


def test_too_large_when_unpacked(stores):
    stores.settings(ingestion={"max_uncompressed_gigabytes": 0.000001})
    stores.file("tills.csv.gz", gzip.compress((HEADER + "1,A,,\n" * 5000).encode()))
    assert only_failure(stores)[0] == "too_large"


def test_damaged_zip_leaves_its_neighbour_alone(stores):
    whole = zipped("a.csv", (HEADER + "".join(f"{n},A{n},,\n" for n in range(500))).encode())
    stores.file("tills-1.zip", whole[: len(whole) // 2])
    stores.file("tills-2.csv", HEADER + "1,A,,\n")
    result = stores.land()
    assert [(one.source_file, one.code) for one in result.failures] == [("landing/tills-1.zip", "damaged_file")]
    assert result.total("accepted") == 1
    assert stores.land().failures != []
    (stores.root / "landing" / "tills-1.zip").unlink()
    assert stores.land().failures == []
    assert Lake(stores.ws).failures("stores") == []


@pytest.mark.parametrize("seed", range(30))
def test_any_damage_to_a_zip_is_a_failure_or_harmless(stores, seed):
    data = bytearray(zipped("a.csv", (HEADER + "".join(f"{n},A{n},,\n" for n in range(40))).encode()))
    data[(seed * 37) % len(data)] ^= 1 << (seed % 8)
    stores.file("tills.zip", bytes(data))
    result = stores.land()
    assert result.failures or result.total("rows_in") in (0, 40)


def test_zip_member_with_a_climbing_name_writes_nothing_outside(stores):
    stores.file("tills.zip", zipped("../../evil.csv", (HEADER + "1,A,,\n").encode()))
    assert stores.land().total("accepted") == 1
    assert not list(stores.root.parent.glob("evil*"))


def test_cut_and_foreign_parquet(shop):
    shop.feed(columns=STORE_COLUMNS, source={"format": "parquet"})
    shop.file("tills.parquet", b"PAR1 this is no parquet PAR1")
    assert only_failure(shop)[0] == "unreadable"


@pytest.mark.parametrize("path", ["/etc/passwd", "../other/*.csv", "~/x.csv", "landing/../../x.csv"])
def test_path_outside_the_workspace_is_refused(shop, path):
    shop.feed(columns=STORE_COLUMNS, source={"path": path})
    with pytest.raises(ConfigErrors, match="path leaves the workspace"):
        shop.land()


def test_symlink_out_of_the_workspace_is_refused(stores, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text(HEADER + "1,secret,,\n")
    (stores.root / "landing").mkdir()
    (stores.root / "landing" / "tills.csv").symlink_to(secret)
    with pytest.raises(ConfigError, match="through a link"):
        stores.land()
    (stores.root / "landing" / "tills.csv").unlink()
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "tills.csv").write_text(HEADER + "1,secret,,\n")
    stores.feed(columns=STORE_COLUMNS, source={"path": "landing/*/tills*"})
    (stores.root / "landing" / "sub").symlink_to(folder)
    with pytest.raises(ConfigError, match="through a link"):
        stores.land()


def test_file_url_is_no_way_out(shop):
    shop.feed(columns=STORE_COLUMNS, source={"path": "file:///etc/hosts"})
    with pytest.raises(ConfigErrors, match="path"):
        shop.land()


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_unreadable_file_is_a_failure(stores):
    stores.file("tills.csv", HEADER).chmod(0)
    assert only_failure(stores)[0] == "unreadable"


def test_duplicate_keys_in_one_file(stores):
    stores.file("tills.csv", HEADER + "1,A,,\n1,A,,\n1,B,,\n2,C,,\n")
    batch = stores.land().batches[0]
    assert (batch.accepted, batch.superseded, batch.duplicate) == (2, 1, 1)
    stores.balance()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("0001-01-01", "absurd_date"),
        ("1899-12-31", "absurd_date"),
        ("9999-12-31", None),
        ("2020-02-30", "type_mismatch"),
        ("20200101", "type_mismatch"),
        ("01/02/2020", "type_mismatch"),
        ("2020-1-5", None),
        ("infinity", "type_mismatch"),
    ],
)
def test_dates(stores, value, reason):
    stores.file("tills.csv", HEADER + f"1,A,{value},\n")
    stores.land()
    assert [row[1] for row in problems(stores)] == ([reason] if reason else [])


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("2027-01-30 10:00", None),
        ("2027-03-01 10:00", "absurd_date"),
        ("294246-12-31 10:00", "absurd_date"),
        ("300000-01-01 10:00", "type_mismatch"),
        ("2026-01-01 25:00", "type_mismatch"),
        ("2026-01-01T10:00:00-03:00", None),
        ("epoch", "type_mismatch"),
    ],
)
def test_version_instants(stores, value, reason):
    stores.file("tills.csv", HEADER + f"1,A,,{value}\n")
    stores.land()
    assert [row[1] for row in problems(stores)] == ([reason] if reason else [])


def test_currency_missing(shop):
    shop.feed(contract="pos_sales", columns=SALE_COLUMNS | {"currency_code": "CUR"})
    shop.file("tills.csv", "SALE,STORE,AT,NET,CUR\n1,7,2026-01-01,5,\n2,7,2026-01-01,5,brl\n3,7,2026-01-01,5,BRL\n")
    shop.land("pos_sales")
    assert problems(shop) == [(2, "currency_missing", "currency_code"), (3, "pattern_mismatch", "currency_code")]


def test_currency_missing_beside_an_optional_amount(shop):
    columns = {
        "source_system": {"value": "ads"}, "source_campaign_id": "ID", "campaign_name": "ID", "starts_on": "DAY",
        "channel": "CHANNEL", "planned_cost_amount": "COST", "currency_code": "CUR",
    }  # fmt: skip
    shop.feed(contract="campaigns", columns=columns)
    shop.file(
        "tills.csv",
        "ID,DAY,CHANNEL,COST,CUR\n1,2026-01-01,E-MAIL,,\n2,2026-01-01,email,5,\n3,2026-01-01,Direct Mail,,\n",
    )
    shop.land("campaigns")
    assert problems(shop) == [(2, "not_in_vocabulary", "channel"), (3, "currency_missing", "currency_code")]
    assert shop.rows("channel", "campaigns") == [("direct_mail",)]


def test_unterminated_quote_costs_one_row(stores):
    lines = [f"{n},A{n},," for n in range(2000)]
    lines[700] = '700,"never closed,,'
    stores.file("tills.csv", HEADER + "\n".join(lines) + "\n")
    batch = stores.land().batches[0]
    assert (batch.accepted, batch.quarantined) == (1999, 1)
    assert problems(stores) == [(702, "malformed_row", None)]


def test_unterminated_quote_on_the_last_line(stores):
    stores.file("tills.csv", HEADER + '1,A,,\n2,"open,,')
    stores.land()
    assert problems(stores) == [(3, "malformed_row", None)]


@pytest.mark.parametrize("row", ['1,"a" b,,', "1,A,,,x", "1,A", "   ", '"1,A,,'])
def test_rows_that_do_not_split(stores, row):
    stores.file("tills.csv", HEADER + f"7,good,,\n{row}\n8,good,,\n")
    batch = stores.land().batches[0]
    assert batch.rows_in == 3
    assert problems(stores) == [(3, "malformed_row", None)]


def test_nul_bytes_and_long_lines(stores):
    stores.settings(ingestion={"max_line_bytes": 2000})
    stores.file("tills.csv", HEADER + "1,A\x00B,,\n2," + "x" * 3000 + ",,\n3,C,,\n")
    stores.land()
    assert problems(stores) == [(2, "encoding_error", None), (3, "line_too_long", None)]
    assert stores.rows("store_id") == [("3",)]
    stores.balance()


def test_blank_lines_are_no_rows(stores):
    stores.file("tills.csv", "\n\n" + HEADER + "\n1,A,,\n\n\n2,B,,\n\n")
    batch = stores.land().batches[0]
    assert batch.rows_in == 2
    assert stores.rows("store_id, _source_row") == [("1", 5), ("2", 8)]


def test_too_many_rejects_refuse_the_file(shop):
    shop.feed(columns=STORE_COLUMNS, limits={"max_reject_percent": 10})
    shop.file("tills.csv", HEADER + "1,A,,\n,B,,\n")
    assert only_failure(shop)[0] == "too_many_rejects"
    shop.file("tills.csv", HEADER + "".join(f"{n},A,,\n" for n in range(9)) + ",B,,\n")
    assert shop.land().total("accepted") == 9


def test_bad_header_is_refused(stores):
    stores.file("tills.csv", 'ID,"NAME,OPENED,CHANGED\n1,A,,\n')
    assert only_failure(stores)[0] in ("bad_header", "missing_column")


def test_repeated_column_name_reads_the_first(stores):
    stores.file("tills.csv", "ID,NAME,NAME,OPENED,CHANGED\n1,first,second,,\n")
    stores.land()
    assert stores.rows("store_name") == [("first",)]


def test_personal_data_is_in_no_message(stores):
    stores.file("tills.csv", "ID,maria@example.com,OPENED\n1,A,\n")
    assert "maria" not in only_failure(stores)[1]


def test_file_that_changes_while_it_is_read_is_left_for_next_time(stores, monkeypatch):
    import ingestion.landing as landing

    path = stores.file("tills.csv", HEADER + "1,A,,\n")
    original = landing.write_normalised

    def slow(*arguments, **named):
        shape = original(*arguments, **named)
        with path.open("a") as handle:
            handle.write("2,B,,\n")
        return shape

    monkeypatch.setattr(landing, "write_normalised", slow)
    assert only_failure(stores)[0] == "changed_while_read"
    monkeypatch.undo()
    assert stores.land().total("accepted") == 2
