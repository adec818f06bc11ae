"""What a table holds is told by its content hash, down to a letter."""

from __future__ import annotations

from quality.contents import read_content
from workspace.sql import connect


def content_of(value: str) -> str:
    with connect() as con:
        con.execute("attach ':memory:' as view")
        con.execute("create schema view.restricted")
        con.execute("create table view.restricted.people as select 1 as id, ? as email", [value])
        return read_content(con, "view", "restricted.people").content_hash


def test_content_is_another_when_two_letters_change_that_one_hash_would_hide():
    assert content_of("fernandb.souza.a@uol.com.br") != content_of("fernand3.souza.b@uol.com.br")


def test_content_is_the_same_when_nothing_changed():
    assert content_of("fernandb.souza.a@uol.com.br") == content_of("fernandb.souza.a@uol.com.br")
