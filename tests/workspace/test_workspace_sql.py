"""DuckDB connections: the same instance again, but never anything of the one before."""

from __future__ import annotations

from pathlib import Path

import pytest

from workspace import instances
from workspace.sql import connect, quote_identifier, quote_literal


@pytest.fixture(autouse=True)
def _empty_shelf() -> None:
    instances._idle.clear()


def idle() -> int:
    return sum(len(waiting) for waiting in instances._idle.values())


def test_quotes_survive_when_text_holds_quotes() -> None:
    with connect() as con:
        text = 'it\'s "quoted"'
        assert con.execute(f"select {quote_literal(text)}").fetchall() == [(text,)]
        con.execute(f"create temp table {quote_identifier(text)} as select 1 as {quote_identifier(text)}")
        assert con.execute(f"select {quote_identifier(text)} from {quote_identifier(text)}").fetchall() == [(1,)]


def test_instance_is_used_again_when_nothing_is_left_in_it() -> None:
    with connect() as con:
        con.execute("create temp table t as select 1")
        con.execute("set TimeZone = 'America/Sao_Paulo'")
    assert idle() == 1
    with connect() as con:
        assert idle() == 0
        assert con.execute("select current_setting('TimeZone')").fetchall() == [("UTC",)]
        assert con.execute("select count(*) from duckdb_tables() where not internal").fetchall() == [(0,)]


@pytest.mark.parametrize(
    "statement", ["create table t as select 1", "create view v as select 1", "create schema s",
                  "set preserve_insertion_order = false", "set memory_limit = '1GB'"],
)  # fmt: skip
def test_instance_is_closed_when_its_user_leaves_something(statement: str) -> None:
    with connect() as con:
        con.execute(statement)
    assert idle() == 0


def test_attached_file_is_free_when_the_block_ends(tmp_path: Path) -> None:
    import duckdb

    file = tmp_path / "a.duckdb"
    with connect() as con:
        con.execute(f"attach {quote_literal(file)} as a")
        con.execute("create table a.t as select 7 as x")
        con.execute("use a")
    assert idle() == 1
    with duckdb.connect(str(file)) as other:
        assert other.execute("select x from t").fetchall() == [(7,)]
    with connect() as con:
        assert con.execute("select database_name from duckdb_databases() where not internal").fetchall() == [
            ("memory",)
        ]


def test_instance_is_closed_when_the_block_raises(tmp_path: Path) -> None:
    import duckdb

    file = tmp_path / "a.duckdb"
    with pytest.raises(ZeroDivisionError), connect() as con:
        con.execute(f"attach {quote_literal(file)} as a")
        con.execute("begin")
        con.execute("create table a.t as select 7 as x")
        raise ZeroDivisionError
    assert idle() == 0
    with duckdb.connect(str(file)) as other:
        assert other.execute("select count(*) from duckdb_tables() where not internal").fetchall() == [(0,)]


def test_blocks_see_different_instances_when_nested() -> None:
    with connect() as outer, connect() as inner:
        outer.execute("create table t as select 1")
        assert inner.execute("select count(*) from duckdb_tables() where not internal").fetchall() == [(0,)]


def test_extension_is_not_downloaded_when_a_query_needs_one() -> None:
    import duckdb

    with connect() as con, pytest.raises(duckdb.Error):
        con.execute("select * from read_csv('https://127.0.0.1:1/x.csv')")
