"""A labelled sample is checked when it is read, and measures what identity joined."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pytest

from identity.labels import Labels, decision_metrics, label_metrics, load_labels, require_labels
from workspace.errors import ConfigError, ConfigErrors
from workspace.workspace import Workspace

A, B, C, D, E = (letter * 32 for letter in "abcde")
NOBODY = pl.DataFrame(schema=dict.fromkeys(("record_id_left", "record_id_right", "decision"), pl.String))
CROSSWALK = f"(values ('{A}', 'c1'), ('{B}', 'c1'), ('{C}', 'c2'), ('{D}', null)) as x (record_id, customer_id)"
CROSSWALK = f"(select * from {CROSSWALK})"


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    (tmp_path / "identity").mkdir()
    (tmp_path / "workspace.yml").write_text("name: labelled\n")
    return Workspace.open(tmp_path)


def write(ws: Workspace, *lines: str) -> None:
    (ws.root / "identity" / "labels.csv").write_text("\n".join(lines) + "\n")


def measured(labels: Labels, decided: pl.DataFrame = NOBODY) -> dict[str, float]:
    return label_metrics(duckdb.connect(), labels, CROSSWALK, decided)


def test_no_sample_is_no_labels(ws: Workspace) -> None:
    assert load_labels(ws) is None
    require_labels(ws)


def test_a_budget_without_a_sample_is_told(ws: Workspace) -> None:
    (ws.root / "workspace.yml").write_text("name: labelled\ngates: {min_recall: 0.9}\n")
    with pytest.raises(
        ConfigErrors, match=r"workspace\.yml: there is no labelled sample.*gates\.min_recall.*labels\.csv"
    ):
        require_labels(Workspace.open(ws.root))


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["record,who"], "labels.csv:1: the header does not say what is labelled"),
        (["record_id,entity", f"{A},x", "secret@example.com,y"], "labels.csv:3: record_id is no record id"),
        (["record_id,entity", f"{A},x", f"{A},y"], "labels.csv:3: labelled a second time"),
        (["record_id,entity", f"{A},"], "labels.csv:2: the entity is empty"),
        (["record_id_left,record_id_right,label", f"{A},{B},maybe"], "labels.csv:2: the label is unknown"),
        (["record_id_left,record_id_right,label", f"{A},{A},same"], "labels.csv:2: a record is paired with itself"),
        (
            ["record_id_left,record_id_right,label", f"{A},{B},same", f"{B},{A},different"],
            "labels.csv:3: labelled a second time",
        ),
    ],
)
def test_mistakes_are_told_with_their_line_and_without_values(ws: Workspace, lines: list[str], told: str) -> None:
    write(ws, *lines)
    with pytest.raises((ConfigError, ConfigErrors)) as caught:
        load_labels(ws)
    assert told in str(caught.value)
    assert "secret" not in str(caught.value)


def test_pairs_give_precision_and_recall(ws: Workspace) -> None:
    write(
        ws,
        "record_id_left,record_id_right,label",
        f"{B},{A},same",
        f"{A},{C},same",
        f"{C},{D},different",
        f"{D},{E},same",
    )
    labels = load_labels(ws)
    assert labels is not None
    assert measured(labels) == {
        "labels_records": 5, "labels_records_unknown": 1, "labels_pairs_same": 3, "labels_pairs_found": 1,
        "labels_pairs_found_right": 1, "labels_precision": 1, "labels_recall": round(1 / 3, 6),
    }  # fmt: skip


def test_entities_give_all_their_pairs_and_purity(ws: Workspace) -> None:
    write(ws, "record_id,entity", f"{A},x", f"{B},y", f"{C},x", f"{D},x")
    labels = load_labels(ws)
    assert labels is not None
    assert measured(labels) == {
        "labels_records": 4, "labels_records_unknown": 0, "labels_pairs_same": 3, "labels_pairs_found": 1,
        "labels_pairs_found_right": 0, "labels_precision": 0, "labels_recall": 0, "labels_purity": round(2 / 3, 6),
    }  # fmt: skip


def test_decided_pairs_are_reported_apart_and_prove_nothing(ws: Workspace) -> None:
    decided = pl.DataFrame([(A, B, "same"), (A, C, "same"), (B, D, "different")], schema=NOBODY.schema, orient="row")
    write(ws, "record_id_left,record_id_right,label", f"{A},{B},same", f"{A},{C},same")
    labels = load_labels(ws)
    assert labels is not None
    found = measured(labels, decided)
    assert found["labels_pairs_same"] == 0
    assert "labels_precision" not in found
    assert "labels_recall" not in found
    kept = decision_metrics(duckdb.connect(), CROSSWALK, decided)
    assert kept == {"decisions_pairs": 3, "decisions_pairs_kept": 2}
