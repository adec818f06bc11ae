"""The common shape that every source is brought to before its columns are mapped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workspace.sql import quote_identifier, quote_literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class Stage:
    """Rows of one delivery, ready to be mapped.

    Attributes:
        relation: SQL that stands after FROM; it yields the source columns and what the attributes below name.
        columns: Source column to its DuckDB type, in order.
        first_row: Row number of the first row when the relation has no `__line`.
        has_lines: The relation has a column `__line`, the row number in the source.
        has_text: The relation has a column `__text`, the delivered text of the row (JSON lines).
        expected_rows: How many rows the relation must give, when that is known independently of the reader.
        rejects: Parquet file of rows that could not be split (line, reason_code, raw_text), if there are any.
        text_rows: Values are the text of typed values, as in a replay of a Parquet or database row.
        carried: Further columns of the relation that go along unchanged, such as the origin of a replayed row.
        folded: The relation has one row for each group of source rows, with `__lines` and `__fold_problem`.
        has_odd_blanks: Values may have tabs or no-break spaces around them.
    """

    relation: str
    columns: dict[str, str]
    first_row: int = 1
    has_lines: bool = False
    has_text: bool = False
    expected_rows: int | None = None
    rejects: Path | None = None
    text_rows: bool = False
    carried: tuple[str, ...] = ()
    folded: bool = False
    has_odd_blanks: bool = True

    def resolve(self, name: str) -> str | None:
        """Return the source column of a name: exact, or the only one that differs in case alone."""
        if name in self.columns:
            return name
        close = [column for column in self.columns if column.lower() == name.lower()]
        return close[0] if len(close) == 1 else None


def text_columns(names: list[str]) -> dict[str, str]:
    """Return unique column names, all text; a repeated name gets a number, because SQL names ignore case."""
    seen: dict[str, str] = {}
    taken: set[str] = set()
    for position, name in enumerate(names, start=1):
        unique, number = name or f"column_{position}", 2
        while unique.lower() in taken or unique.startswith("__"):
            unique, number = f"{name or 'column'}_{number}".lstrip("_"), number + 1
        taken.add(unique.lower())
        seen[unique] = "VARCHAR"
    return seen


def parquet_stage(con: DuckDBPyConnection, path: Path) -> Stage:
    """Return the stage of a Parquet file: typed columns, nested ones as JSON text."""
    rows = con.execute(f"describe select * from read_parquet({quote_literal(path)})").fetchall()
    columns: dict[str, str] = {}
    parts = []
    for name, kind, *_ in rows:
        quoted = quote_identifier(name)
        nested = any(mark in kind for mark in ("STRUCT", "MAP", "[", "UNION", "VARIANT"))
        parts.append(f"cast(to_json({quoted}) as VARCHAR) as {quoted}" if nested else quoted)
        columns[name] = "VARCHAR" if nested or kind in ("JSON", "UUID") or kind.startswith("ENUM") else kind
    expected = con.execute(f"select count(*) from read_parquet({quote_literal(path)})").fetchall()[0][0]
    relation = f"(select {', '.join(parts)} from read_parquet({quote_literal(path)}))"
    return Stage(relation, columns, expected_rows=expected)
