"""Quote what goes into SQL."""

from __future__ import annotations

from pathlib import Path


def quote_identifier(name: str) -> str:
    """Return `name` as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def quote_literal(value: str | Path) -> str:
    """Return `value` as a quoted SQL string, for the places where DuckDB takes no parameter."""
    return "'" + str(value).replace("'", "''") + "'"
