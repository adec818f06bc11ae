from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

from activation_shop import Person, Shop

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
