"""Quote what goes into SQL."""

from __future__ import annotations

from pathlib import Path


def quote_identifier(name: str) -> str:
    """Return `name` as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def quote_literal(value: str | Path) -> str:
    """Return `value` as a quoted SQL string, for the places where DuckDB takes no parameter."""
    return "'" + str(value).replace("'", "''") + "'"


def shifted(text: str) -> str:
    """Return SQL for a text whose hash, beside that of the text itself, tells it from every other.

    DuckDB's hash() alone does not. It mixes eight bytes at a time and carries nothing down, so that texts which differ
    in two characters eight apart often share it: fernandb.souza.a@uol.com.br and fernand3.souza.b@uol.com.br do, and of
    a million e-mails three pairs. Three bytes further on, the same characters fall on other places.
    """
    return f"('...' || {text})"
