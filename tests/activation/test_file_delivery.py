from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import pytest
from activation_shop import Person, Shop

from activation import file_delivery
from activation.outcomes import Recorder
from activation.syncing import activate


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def test_files_hold_the_audience_and_the_manifest_describes_them(shop: Shop) -> None:
    run = shop.publish([Person("c1"), Person("c2"), Person("c3", orders=0)])
    (result,) = activate(shop.ws, run)
    assert result.status == "completed" and result.folder is not None
    assert result.folder.parent == shop.ws.exports / "files" / "buyers_to_files"
    full, delta = _rows(result.folder / "full.csv"), _rows(result.folder / "delta.csv")
    assert [row["customer_id"] for row in full] == ["c1", "c2"]
    assert full[0] == {"customer_id": "c1", "email": "c1@example.com", "given_name": "Ana", "city": "Recife"}
    assert [(row["operation"], row["customer_id"]) for row in delta] == [("add", "c1"), ("add", "c2")]
    manifest = json.loads((result.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["counts"] == {"add": 2, "change": 0, "remove": 0}
    for file in manifest["files"]:
        content = (result.folder / file["name"]).read_bytes()
        assert file["sha256"] == hashlib.sha256(content).hexdigest() and file["bytes"] == len(content)
        assert file["rows"] == 2


def test_nothing_is_written_when_the_run_is_repeated(shop: Shop) -> None:
    run = shop.publish([Person("c1")])
    (first,) = activate(shop.ws, run)
    before = sorted(path.stat().st_mtime_ns for path in shop.ws.exports.rglob("*"))
    (second,) = activate(shop.ws, run)
    assert (first.calls, second.calls) == (1, 0)
    assert second.reasons == {"skipped_same": 1}
    assert sorted(path.stat().st_mtime_ns for path in shop.ws.exports.rglob("*")) == before


def test_delta_names_what_changed_and_removals_carry_only_the_key(shop: Shop) -> None:
    activate(shop.ws, shop.publish([Person("c1"), Person("c2"), Person("c3")]))
    (result,) = activate(shop.ws, shop.publish([Person("c1"), Person("c2", city="Olinda")]))
    assert result.folder is not None
    assert _rows(result.folder / "delta.csv") == [
        {"operation": "remove", "customer_id": "c3", "email": "", "given_name": "", "city": ""},
        {"operation": "change", "customer_id": "c2", "email": "c2@example.com", "given_name": "Ana", "city": "Olinda"},
    ]
    assert [row["customer_id"] for row in _rows(result.folder / "full.csv")] == ["c1", "c2"]


def test_consumer_who_applies_every_delta_has_the_full_file(shop: Shop) -> None:
    views = [["c1", "c2"], ["c2", "c3"], ["c3"], ["c3", "c1", "c4"]]
    held: dict[str, dict[str, str]] = {}
    for number, view in enumerate(views):
        (result,) = activate(shop.ws, shop.publish([Person(name, city=f"city {number % 2}") for name in view]))
        assert result.folder is not None
        for row in _rows(result.folder / "delta.csv"):
            operation = row.pop("operation")
            if operation == "remove":
                del held[row["customer_id"]]
            else:
                assert (row["customer_id"] in held) == (operation == "change")
                held[row["customer_id"]] = row
        assert [held[name] for name in sorted(held)] == _rows(result.folder / "full.csv")


@pytest.mark.parametrize(
    "text", ["=1+1", "+1+1", "-1+cmd", "@SUM(A1)", "\t=1", "\r=1", "\n=1", '=HYPERLINK("x")', "＝1", "-", "=,;\n'"]
)
def test_cell_that_a_spreadsheet_would_run_is_neutralised(shop: Shop, text: str) -> None:
    (result,) = activate(shop.ws, shop.publish([Person("c1", given_name=text, city='a;b,c"d\ne')]))
    assert result.folder is not None
    (row,) = _rows(result.folder / "full.csv")
    assert row["given_name"] == "'" + text and row["city"] == 'a;b,c"d\ne'


def test_phones_and_numbers_stay_as_they_are(shop: Shop) -> None:
    fields = {
        "customer_id": "customer_id",
        "phone": "phone",
        "given_name": "given_name",
        "net_revenue_amount": "net_revenue_amount",
    }
    shop.configure(audience={"channel": "sms"}, sync={"contract": "phone_audience", "fields": fields})
    consents = [("sms", "marketing", "granted")]
    person = Person("c1", phone="+5581999990000", revenue="-12.50", given_name="-7", consents=consents)
    (result,) = activate(shop.ws, shop.publish([person]))
    assert result.folder is not None
    (row,) = _rows(result.folder / "full.csv")
    assert row == {
        "customer_id": "c1", "phone": "+5581999990000", "given_name": "-7", "net_revenue_amount": "-12.50",
    }  # fmt: skip


def test_json_lines_keep_the_types(shop: Shop) -> None:
    shop.configure(
        destination={"type": "file", "folder": "partner/daily", "format": "jsonl", "contents": ["full"]},
        sync={"fields": {"customer_id": "customer_id", "email": "email", "order_count": "order_count"}},
    )
    (result,) = activate(shop.ws, shop.publish([Person("c1", orders=3)]))
    assert (
        result.folder is not None and result.folder.parent == shop.ws.exports / "partner" / "daily" / "buyers_to_files"
    )
    assert sorted(path.name for path in result.folder.iterdir()) == ["full.jsonl", "manifest.json"]
    assert json.loads((result.folder / "full.jsonl").read_text(encoding="utf-8")) == {
        "customer_id": "c1",
        "email": "c1@example.com",
        "order_count": 3,
    }


class _Crash(BaseException):
    """Stands for a power cut at one point of the program."""


@pytest.mark.parametrize("moment", ["_write", "_manifest", "replace_dir", "record"])
def test_same_command_repairs_a_delivery_that_was_cut_off(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    run = shop.publish([Person("c1"), Person("c2")])
    with monkeypatch.context() as patch:
        if moment == "record":
            patch.setattr(Recorder, "_write_rows", _crash_with_batch)
        elif moment == "_write":
            original = file_delivery._write
            patch.setattr(file_delivery, "_write", lambda *a: _crash() if a[-1] == "delta" else original(*a))
        else:
            patch.setattr(file_delivery, moment, _crash)
        with pytest.raises(_Crash):
            activate(shop.ws, run)
    assert shop.query("select distinct status from sync_state") in ([], [("unanswered",)])
    (result,) = activate(shop.ws, run)
    folders = list((shop.ws.exports / "files" / "buyers_to_files").iterdir())
    assert folders == [result.folder], "one complete folder, nothing half-written beside it"
    assert len(_rows(folders[0] / "full.csv")) == 2
    assert file_delivery.is_complete(
        folders[0], json.loads((folders[0] / "manifest.json").read_bytes())["delivery_key"]
    )
    assert activate(shop.ws, run)[0].calls == 0


def test_damaged_delivery_is_written_again_before_it_counts_as_sent(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = shop.publish([Person("c1")])
    with monkeypatch.context() as patch:
        patch.setattr(Recorder, "_write_rows", _crash_with_batch)
        with pytest.raises(_Crash):
            activate(shop.ws, run)
    (folder,) = (shop.ws.exports / "files" / "buyers_to_files").iterdir()
    (folder / "full.csv").write_text("customer_id\n", encoding="utf-8")
    activate(shop.ws, run)
    assert len(_rows(folder / "full.csv")) == 1


def _crash(*_: object, **__: object) -> None:
    raise _Crash


def _crash_with_batch(self: Recorder, batch_key: str | None, attempts: int) -> None:
    if batch_key:
        raise _Crash
