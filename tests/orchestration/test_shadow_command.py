"""The command that tries rules aside: what it refuses, and what it says."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration import cli
from orchestration.scaffolding import scaffold
from orchestration.shadowing import Destination, ShadowReport
from quality.id_causes import Causes
from quality.id_churn import Churn
from quality.view_difference import OUTCOMES, Passage, RevenueTouched, Shift, ViewDifference
from workspace.shadows import in_shadow, shadow_folder
from workspace.workspace import Workspace


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("UNAVISTA_WORKSPACE", "UNAVISTA_DEBUG"):
        monkeypatch.setenv(name, "")
    folder = tmp_path / "shop"
    scaffold(folder, name="Shop", country="BR")
    return folder


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--epoch", "newest"], "there is no epoch 'newest' to try; expected candidate"),
        (["--epoch", "candidate"], "there is no candidate epoch. Make one: unavista identity train"),
        (["--identity", "nowhere.yml"], "the file does not exist"),
        ([], "nothing is published yet"),
    ],
)
def test_what_cannot_be_tried_is_told(
    shop: Path, capsys: pytest.CaptureFixture[str], options: list[str], told: str
) -> None:
    assert cli.run(["-w", str(shop), "identity", "shadow", *options]) != 0
    assert told in " ".join(capsys.readouterr().err.split())
    assert not shadow_folder(Workspace.open(shop)).exists()


def test_rules_that_are_not_valid_are_told_with_their_file(
    shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activation.published.published", lambda _ws: None)
    rules = tmp_path / "next.yml"
    rules.write_text("disable_rules: [no_such_rule]\n")
    assert cli.run(["-w", str(shop), "identity", "shadow", "--identity", str(rules)]) == 1
    assert "next.yml: disable_rules names unknown rules: no_such_rule" in " ".join(capsys.readouterr().err.split())


def test_a_shadow_has_its_own_warehouse_and_what_is_adopted_in_it(shop: Path, tmp_path: Path) -> None:
    workspace = Workspace.open(shop)
    epoch = tmp_path / "epoch"
    epoch.mkdir()
    (epoch / "model_epoch.parquet").write_bytes(b"")
    with in_shadow(workspace, epoch=epoch) as shadow:
        assert shadow.warehouse.is_relative_to(workspace.warehouse)
        assert shadow.build_file != workspace.build_file
        assert shadow.operations_file != workspace.operations_file
        assert (shadow.current, shadow.lake) == (workspace.current, workspace.lake)
        assert (shadow.epochs / "adopted" / "model_epoch.parquet").is_file()
    assert not (workspace.epochs / "adopted").exists()
    assert not shadow_folder(workspace).exists()


def played(monkeypatch: pytest.MonkeyPatch, difference: ViewDifference, destination: Destination) -> None:
    report = ShadowReport("run-20260131T050000Z", difference, [destination])
    monkeypatch.setattr("orchestration.shadowing.cast_shadow", lambda *_args, **_options: report)


def test_what_would_change_is_said_in_words_and_in_json(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    churn = Churn(
        100, 2, Decimal(900), Decimal(40), Causes(("identity.yml",), {}, {"merged by rule x": 2}), ("c1", "c2")
    )
    difference = ViewDifference(
        customers={**dict.fromkeys(OUTCOMES, 0), "kept": 98, "merged": 2},
        revenue=[RevenueTouched("BRL", Decimal("900.00"), Decimal("40.50"))],
        churn=churn,
        guard_flips={},
        segments=[Passage("rfv", "lost", "loyal", 3)],
        rfv_cells=[Shift("555", None, Decimal(4), Decimal(5))],
        attributed_amounts=[Shift("linear: email", "BRL", Decimal("10.00"), Decimal("12.50"))],
    )
    nothing, something = {"add": 0, "change": 0, "remove": 0}, {"add": 1, "change": 0, "remove": 2}
    played(monkeypatch, difference, Destination("win_back", "tool", 20, nothing, something, None))
    assert cli.run(["-w", str(shop), "identity", "shadow"]) == 0
    said = capsys.readouterr().out
    for text in ("40.50 of 900.00 BRL", "merged by rule x", "linear: email", "12.50", "win_back", "0 / 0 / 0", "lost"):
        assert text in said
    assert cli.run(["-w", str(shop), "identity", "shadow", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["is_same"] is False
    assert answer["destinations"][0]["shadow"] == something
    assert answer["difference"]["customers"]["merged"] == 2


def test_no_difference_is_one_line(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    same = ViewDifference({**dict.fromkeys(OUTCOMES, 0), "kept": 98}, [], None, {}, [], [], [])
    waiting = {"add": 1, "change": 0, "remove": 0}
    played(monkeypatch, same, Destination("win_back", "tool", 20, waiting, waiting, None))
    assert cli.run(["-w", str(shop), "identity", "shadow"]) == 0
    assert capsys.readouterr().out.startswith("Nothing would change against run-20260131T050000Z")
