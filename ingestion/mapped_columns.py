"""One contract column on its way from source value to typed value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingestion.column_types import Dialect, as_text, typed
from ingestion.expressions import NUMBER_PREFIX, MappedExpression
from ingestion.feed_rules import constant_text
from workspace.sql import quote_identifier, quote_literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from data_contracts.loader import Column
    from ingestion.feeds import ColumnMapping, Feed
    from ingestion.staging import Stage


@dataclass(frozen=True)
class MappedColumn:
    """The SQL of one contract column: the raw value, and the typed value over it.

    Attributes:
        column: The contract's column.
        position: Its position in the contract, which names the columns in between.
        raw: SQL of the cleaned source value; None when the column is the same in every row.
        kind: DuckDB type of `raw`.
        dialect: How its text is written.
        default: Text of the value for an empty source value.
        fails: SQL that is true when the mapping's expression cannot be worked out for the row.
    """

    column: Column
    position: int
    raw: str | None
    kind: str
    dialect: Dialect
    default: str | None
    fails: str | None = None

    @property
    def raw_name(self) -> str:
        """Return the quoted name of the raw value."""
        return f'"__raw_{self.position}"'

    @property
    def fails_name(self) -> str:
        """Return the quoted name of the flag of a failed expression."""
        return f'"__fails_{self.position}"'

    @property
    def name(self) -> str:
        """Return the quoted name of the contract's column."""
        return quote_identifier(self.column.name)

    def typed(self) -> str:
        """Return SQL for the typed value: null when the raw value cannot be one."""
        target = self.column.physical_type
        if self.raw is None:
            return f"cast({'null' if self.default is None else quote_literal(self.default)} as {target})"
        value = typed(self.raw_name, self.kind, target, self.dialect)
        if self.column.enum and target == "VARCHAR":
            value = _as_word(value, self.column.enum)
        if self.default is None:
            return f"cast({value} as {target})"
        constant = f"cast({quote_literal(self.default)} as {target})"
        return f"case when {self.raw_name} is null then {constant} else cast({value} as {target}) end"


def mapped_column(
    feed: Feed,
    column: Column,
    position: int,
    *,
    stage: Stage,
    zone: str,
    expression: MappedExpression | None,
    kinds: Mapping[str, str],
) -> MappedColumn:
    """Return how a contract column is filled from a stage; `kinds` has the types of expressions by column."""
    source, entry = feed.config.source, feed.config.columns.get(column.name)
    formats = source.datetime_format if column.physical_type == "TIMESTAMP" else source.date_format
    dialect = Dialect(
        decimal=source.decimal,
        thousands=source.thousands,
        formats=tuple((entry.format if entry else None) or formats or ()),
        timezone=(entry.timezone if entry else None) or source.timezone or zone,
    )
    default = feed.config.defaults.get(column.name) if entry is None or entry.value is None else entry.value
    default_text = None if default is None else constant_text(default)
    if entry is None or entry.value is not None:
        return MappedColumn(column, position, None, "VARCHAR", dialect, default_text)
    fails = None
    if expression is not None:
        raw, kind = f"{value_name(column.name)}.v", kinds[column.name]
        fails = _fails(feed, column.name, expression, stage)
    else:
        name = stage.resolve(entry.column or "") or ""
        raw, kind = quote_identifier(name), stage.columns[name]
    if kind == '"NULL"':
        raw, kind = f"cast({raw} as VARCHAR)", "VARCHAR"
    blanks = ", chr(32) || chr(9) || chr(160)" if stage.has_odd_blanks else ""
    raw, kind = _cleaned(raw, kind, entry, source.null_values, blanks)
    return MappedColumn(column, position, raw, kind, source_dialect(stage, dialect), default_text, fails)


def value_name(column_name: str) -> str:
    """Return the quoted name of an expression's value, a struct with `v`, null when the expression fails."""
    return quote_identifier(f"__value_{column_name}")


def source_dialect(stage: Stage, dialect: Dialect) -> Dialect:
    """Return how the stage's text is written: as the feed says, or as typed values print themselves."""
    if stage.text_rows:
        return Dialect(".", None, dialect.formats, dialect.timezone, iso_too=True)
    return dialect


def unreadable_numbers(feed: Feed, stage: Stage, names: Iterable[str]) -> list[str]:
    """Return for each source column read as a number SQL that is true when it has content that is not a number."""
    conditions = []
    for name in names:
        column = stage.resolve(name) or name
        text = f"nullif(trim({as_text(quote_identifier(column), stage.columns[column])}), '')"
        words = "".join(f" and {text} <> {quote_literal(word)}" for word in feed.config.source.null_values)
        conditions.append(f"({text} is not null and {quote_identifier(NUMBER_PREFIX + name)} is null{words})")
    return conditions


def _fails(feed: Feed, column_name: str, expression: MappedExpression, stage: Stage) -> str:
    """A failed expression, or one that calculates with a value that is no number: `coalesce` must not hide it."""
    unreadable = unreadable_numbers(feed, stage, expression.numbers)
    return f"({' or '.join([f'{value_name(column_name)} is null', *unreadable])})"


def _cleaned(raw: str, kind: str, entry: ColumnMapping, null_values: list[str], blanks: str) -> tuple[str, str]:
    """Trim text, empty the words for null, and apply the mapping's own translation."""
    if entry.map is not None and kind != "VARCHAR":
        raw, kind = as_text(raw, kind), "VARCHAR"
    if kind != "VARCHAR":
        return raw, kind
    text = f"nullif(trim({raw}{blanks}), '')"
    if null_values:
        words = ", ".join(quote_literal(word) for word in null_values)
        text = f"case when {text} in ({words}) then null else {text} end"
    if entry.map:
        cases = " ".join(
            f"when {quote_literal(key)} then {'null' if word is None else quote_literal(word)}"
            for key, word in entry.map.items()
        )
        text = f"case {text} {cases} else {text} end"
    return text, kind


def _as_word(value: str, words: tuple[str, ...]) -> str:
    """Accept a vocabulary word in any case and with blanks or hyphens for underscores."""
    allowed = ", ".join(quote_literal(word) for word in words)
    canonical = f"replace(replace(lower({value}), ' ', '_'), '-', '_')"
    return (
        f"case when {value} in ({allowed}) then {value} when {canonical} in ({allowed}) then {canonical} "
        f"else {value} end"
    )
