"""Statements planned once: they take texts and rows, forget the oldest, serve each thread, and say nothing
of what they were given."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from workspace import prepared
from workspace.prepared import as_rows, rows_sql, run_prepared

UPPER = "select upper(cast($1 as VARCHAR)), cast($2 as VARCHAR)"


def test_texts_of_any_kind_come_back_as_they_were():
    for text in ("ana", "d'Ávila; --", "", "a\\nb", "$1 ?", "[1]"):
        assert run_prepared(UPPER, text, text) == [(text.upper(), text)]
    assert run_prepared(UPPER, None, "x") == [(None, "x")]
    assert run_prepared(UPPER, "a\0b", "x") == [("AB", "x")]


def test_rows_are_read_with_their_types():
    columns = {"name": "VARCHAR", "born": "DATE", "is_open": "BOOLEAN"}
    sql = f"select name, born, is_open from {rows_sql('$1', columns)} order by name nulls last"
    rows = [{"name": "d'Á", "born": date(1980, 1, 2), "is_open": True, "else": 1}, dict.fromkeys(columns)]
    assert run_prepared(sql, as_rows(rows, columns)) == [("d'Á", date(1980, 1, 2), True), (None, None, None)]
    assert run_prepared(sql, as_rows([], columns)) == []


def test_more_statements_than_are_kept_still_run():
    for _ in range(2):
        for number in range(prepared._KEPT + 5):
            assert run_prepared(f"select {number} + cast($1 as INTEGER)", "1") == [(number + 1,)]
    assert len(prepared._plans()) <= prepared._KEPT


def test_failure_says_nothing_of_what_was_handed_over():
    with pytest.raises(RuntimeError) as caught:
        run_prepared("select cast($1 as INTEGER)", "ana@uol.com.br")
    assert "ana" not in str(caught.value) and caught.value.__cause__ is None and caught.value.__suppress_context__
    assert run_prepared("select cast($1 as INTEGER)", "3") == [(3,)]


def test_threads_do_not_share_a_connection():
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: run_prepared(UPPER, f"a{number}", None), range(200)))
    assert found == [[(f"A{number}", None)] for number in range(200)]
