"""What people decided is kept for ever, survives crashes and two writers, and is never half read."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime

import pytest

from identity.review.decisions import (
    decisions_file,
    in_force,
    load_decisions,
    read_decisions,
    record_decision,
)
from workspace.errors import ConfigError, ConfigErrors
from workspace.sql import connect
from workspace.workspace import Workspace

A, B, C, D = sorted(hashlib.md5(name.encode()).hexdigest() for name in "abcd")


def decided(ws):
    with connect(ws) as con:
        load_decisions(con, ws)
        return con.execute("select * from decided_pairs").fetchall()


def test_nothing_decided_is_an_empty_table(lake):
    assert decided(lake.ws) == []


def test_last_word_about_a_pair_wins_and_unsure_takes_it_back(lake):
    record_decision(lake.ws, B, A, "same", by="Maria", reason="one household, one person")
    record_decision(lake.ws, C, D, "same", by="Maria")
    assert decided(lake.ws) == [(A, B, "same"), (C, D, "same")]
    record_decision(lake.ws, A, B, "different", by="Rui")
    record_decision(lake.ws, C, D, "unsure", by="Rui")
    assert decided(lake.ws) == [(A, B, "different")]
    assert [one.decided_by for one in read_decisions(lake.ws)] == ["Maria", "Maria", "Rui", "Rui"]


def test_lines_are_only_ever_added(lake):
    record_decision(lake.ws, A, B, "same", by="Maria", at=datetime(2026, 1, 1, tzinfo=UTC))
    before = decisions_file(lake.ws).read_bytes()
    record_decision(lake.ws, A, B, "unsure", by="Maria")
    assert decisions_file(lake.ws).read_bytes().startswith(before)
    assert set(json.loads(before)) == {
        "decision_id", "record_id_left", "record_id_right", "decision", "decided_by", "decided_at", "reason",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("left", "right", "answer", "by"), [(A, A, "same", "M"), (A, "x", "same", "M"), (A, B, "maybe", "M"), (A, B, "same", " ")]
)  # fmt: skip
def test_what_is_no_decision_is_refused_and_not_written(lake, left, right, answer, by):
    with pytest.raises(ConfigError):
        record_decision(lake.ws, left, right, answer, by=by)
    assert read_decisions(lake.ws) == []


def test_broken_lines_are_named_with_file_and_line_without_their_text(lake):
    record_decision(lake.ws, A, B, "same", by="Maria")
    with decisions_file(lake.ws).open("a") as file:
        file.write('{"secret": "ana@example.com"}\n\nnot json\n')
    with pytest.raises(ConfigErrors) as caught:
        read_decisions(lake.ws)
    assert [error.line for error in caught.value.errors] == [2, 4]
    assert "ana@example.com" not in str(caught.value)


def test_line_that_a_crash_left_unfinished_was_never_confirmed(lake):
    record_decision(lake.ws, A, B, "same", by="Maria")
    with decisions_file(lake.ws).open("a") as file:
        file.write('{"decision_id": "d1')
    assert decided(lake.ws) == [(A, B, "same")]
    record_decision(lake.ws, C, D, "different", by="Maria")
    assert decided(lake.ws) == [(A, B, "same"), (C, D, "different")]


def test_last_line_that_an_editor_left_without_newline_counts(lake):
    record_decision(lake.ws, A, B, "same", by="Maria")
    file = decisions_file(lake.ws)
    file.write_bytes(file.read_bytes().rstrip(b"\n"))
    assert decided(lake.ws) == [(A, B, "same")]
    record_decision(lake.ws, C, D, "different", by="Maria")
    assert len(decided(lake.ws)) == 2


def test_contradiction_is_refused_and_names_what_it_contradicts(lake):
    first = record_decision(lake.ws, A, B, "same", by="Maria")
    second = record_decision(lake.ws, B, C, "same", by="Maria")
    with pytest.raises(ConfigError, match="contradicts") as caught:
        record_decision(lake.ws, A, C, "different", by="Rui")
    assert first.decision_id in str(caught.value) and second.decision_id in str(caught.value)
    record_decision(lake.ws, A, B, "unsure", by="Rui")
    record_decision(lake.ws, A, C, "different", by="Rui")
    with pytest.raises(ConfigError, match="contradicts"):
        record_decision(lake.ws, A, B, "same", by="Maria")
    assert [one.decision for one in in_force(read_decisions(lake.ws))] == ["different", "same"]


def _decide_many(root: str, who: str) -> None:
    for number in range(20):
        other = hashlib.md5(f"{who}{number}".encode()).hexdigest()
        record_decision(Workspace.open(root), A, other, "same", by=who)


def test_two_writers_lose_nothing(lake):
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(_decide_many, [str(lake.ws.root)] * 2, ["Maria", "Rui"]))
    assert len(decided(lake.ws)) == 40


def test_deciding_makes_the_next_run_a_new_one(lake):
    from quality.fingerprint import input_fingerprint
    from workspace.runs import Run

    run = Run.at(datetime(2026, 1, 31, tzinfo=UTC))
    before = input_fingerprint(lake.ws, run)
    record_decision(lake.ws, A, B, "same", by="Maria")
    assert input_fingerprint(lake.ws, run) != before
