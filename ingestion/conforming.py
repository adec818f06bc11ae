"""Write the SQL that maps, types and judges the rows of a stage in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingestion.column_types import FLOATS, Dialect, as_text, number, typed
from ingestion.expressions import NUMBER_PREFIX, MappedExpression
from ingestion.feed_rules import constant_text
from ingestion.problems import FileProblem
from ingestion.row_keys import record_id, row_hash, row_key
from workspace.sql import quote_identifier, quote_literal

if TYPE_CHECKING:
    from datetime import datetime

    from duckdb import DuckDBPyConnection

    from data_contracts.loader import Column, Contract
    from ingestion.feeds import ColumnMapping, Feed
    from ingestion.staging import Stage

EARLIEST_DATE = "1900-01-01"
LATEST_DATE = "9999-12-31"
BLANK, FILTERED = "blank", "filtered"


@dataclass(frozen=True)
class Horizon:
    """Until when a date can be true: events end with `as_of` and a tolerance, plans may lie further ahead."""

    as_of: datetime
    future_tolerance_days: int


@dataclass(frozen=True)
class _Mapped:
    """One contract column on its way: raw SQL, its type, and the typed SQL over `raw_N`."""

    column: Column
    position: int
    raw: str
    kind: str
    dialect: Dialect
    default: str | None

    @property
    def raw_name(self) -> str:
        return f'"__raw_{self.position}"'

    @property
    def name(self) -> str:
        return quote_identifier(self.column.name)

    def typed(self) -> str:
        value = typed(self.raw_name, self.kind, self.column.physical_type, self.dialect)
        if self.column.enum and self.column.physical_type == "VARCHAR":
            value = _as_word(value, self.column.enum)
        if self.default is None:
            return f"cast({value} as {self.column.physical_type})"
        constant = f"cast({quote_literal(self.default)} as {self.column.physical_type})"
        return f"case when {self.raw_name} is null then {constant} else cast({value} as {self.column.physical_type}) end"


def conform_sql(con: DuckDBPyConnection, feed: Feed, contract: Contract, stage: Stage, zone: str, horizon: Horizon) -> str:
    """Return the SELECT that yields contract columns, row identities, `__line`, `__problem` and `__text`.

    `__problem` is null for a good row, else `reason|column`, or `blank` or `filtered`. `__text` is the source row as
    text, present for problem rows only.

    Raises:
        FileProblem: a mapped source column is missing, or an expression does not fit the source.
    """
    expressions = {
        name: MappedExpression.parse(entry.sql) for name, entry in feed.config.columns.items() if entry.sql is not None
    }
    where = MappedExpression.parse(feed.config.where) if feed.config.where else None
    _require_columns(feed, stage, [*expressions.values(), *([where] if where else [])])
    source = _with_numbers(feed, stage, [*expressions.values(), *([where] if where else [])])
    kinds = _expression_types(con, source, expressions)
    mapped = [
        _mapped(feed, column, position, stage, zone, expressions, kinds)
        for position, column in enumerate(contract.columns)
    ]
    names = ", ".join(one.name for one in mapped)
    carried = "".join(f", {name}" for name in stage.carried)
    problem = _problem(contract, mapped, horizon)
    status = f"case when not coalesce(try({where.sql}), false) then '{FILTERED}' end" if where else "cast(null as VARCHAR)"
    return (
        f"with __source as (select * from {source}), "
        f"__mapped as (select {', '.join(f'{one.raw} as {one.raw_name}' for one in mapped)}, {_line(stage)} as __line, "
        f"{_source_text(stage)} as __text, {_malformed(stage)} as __malformed, {status} as __status{carried} from __source), "
        f"__typed as (select {', '.join(f'{one.typed()} as {one.name}' for one in mapped)}, "
        f"{', '.join(one.raw_name for one in mapped)}, __line, __text, __malformed, __status{carried} from __mapped), "
        f"__judged as (select *, coalesce(__malformed, __status, {problem}) as __problem from __typed) "
        f"select {names}, {record_id(contract)} as _record_id, {row_key(contract)} as _row_key, "
        f"{row_hash(contract)} as _row_hash, __line, __problem{carried}, "
        f"case when __problem is not null and __problem not in ('{BLANK}', '{FILTERED}') then __text end as __text "
        "from __judged"
    )


def _line(stage: Stage) -> str:
    return "__line" if stage.has_lines else "cast(null as BIGINT)"


def _source_text(stage: Stage) -> str:
    if stage.has_text:
        return "__text"
    fields = ", ".join(
        f"{quote_literal(name)}: {as_text(quote_identifier(name), kind) if kind in FLOATS else quote_identifier(name)}"
        for name, kind in stage.columns.items()
    )
    return f"cast(to_json({{{fields}}}) as VARCHAR)"


def _malformed(stage: Stage) -> str:
    if not stage.has_text:
        return "cast(null as VARCHAR)"
    return f"case when __blank then '{BLANK}' when not __is_object then 'malformed_row|' end"


def _require_columns(feed: Feed, stage: Stage, expressions: list[MappedExpression]) -> None:
    wanted = [entry.column for entry in feed.config.columns.values() if entry.column is not None]
    wanted += [name for expression in expressions for name in expression.columns]
    missing = sorted({name for name in wanted if stage.resolve(name) is None})
    if missing:
        raise FileProblem(
            "missing_column",
            f"the file has no column {', '.join(repr(name) for name in missing)}, which {feed.file.name} maps "
            f"(the file has {len(stage.columns)} columns)",
        )


def _with_numbers(feed: Feed, stage: Stage, expressions: list[MappedExpression]) -> str:
    read = {name for expression in expressions for name in expression.columns}
    if not read:
        return f"{stage.relation} as s"
    source = feed.config.source
    dialect = Dialect(source.decimal, source.thousands)
    extra = []
    for name in sorted(read):
        column = stage.resolve(name) or name
        exact = number(quote_identifier(column), stage.columns[column], _text_dialect(stage, dialect))
        extra.append(f"{exact} as {quote_identifier(NUMBER_PREFIX + name)}")
    return f"(select *, {', '.join(extra)} from {stage.relation} as s)"


def _text_dialect(stage: Stage, dialect: Dialect) -> Dialect:
    if stage.text_rows:
        return Dialect(".", None, dialect.formats, dialect.timezone, iso_too=True)
    return dialect


def _expression_types(con: DuckDBPyConnection, source: str, expressions: dict[str, MappedExpression]) -> dict[str, str]:
    import duckdb

    kinds = {}
    for name, expression in expressions.items():
        try:
            row = con.execute(f"describe select {expression.sql} as value from {source}").fetchall()[0]
        except duckdb.Error as error:
            reason = str(error).split("\n")[0].split("LINE")[0].strip()
            raise FileProblem("bad_expression", f"the expression of {name!r} does not fit the source: {reason}") from None
        kinds[name] = str(row[1])
    return kinds


def _mapped(
    feed: Feed,
    column: Column,
    position: int,
    stage: Stage,
    zone: str,
    expressions: dict[str, MappedExpression],
    kinds: dict[str, str],
) -> _Mapped:
    source = feed.config.source
    entry = feed.config.columns.get(column.name)
    default = feed.config.defaults.get(column.name)
    formats = source.datetime_format if column.physical_type == "TIMESTAMP" else source.date_format
    dialect = Dialect(
        decimal=source.decimal,
        thousands=source.thousands,
        formats=tuple((entry.format if entry else None) or formats or ()),
        timezone=(entry.timezone if entry else None) or source.timezone or zone,
    )
    default_text = None if default is None else constant_text(default)
    if entry is None:
        return _Mapped(column, position, "cast(null as VARCHAR)", "VARCHAR", dialect, default_text)
    if entry.value is not None:
        return _Mapped(column, position, "cast(null as VARCHAR)", "VARCHAR", dialect, constant_text(entry.value))
    if entry.sql is not None:
        raw, kind = f"try({expressions[column.name].sql})", kinds[column.name]
    else:
        name = stage.resolve(entry.column or "") or ""
        raw, kind = quote_identifier(name), stage.columns[name]
    if kind == '"NULL"':
        raw, kind = f"cast({raw} as VARCHAR)", "VARCHAR"
    raw, kind = _cleaned(raw, kind, entry, source.null_values)
    return _Mapped(column, position, raw, kind, _text_dialect(stage, dialect), default_text)


def _cleaned(raw: str, kind: str, entry: ColumnMapping, null_values: list[str]) -> tuple[str, str]:
    """Trim text, empty the words for null, and apply the mapping's own translation."""
    if entry.map is not None and kind != "VARCHAR":
        raw, kind = as_text(raw, kind), "VARCHAR"
    if kind != "VARCHAR":
        return raw, kind
    text = f"nullif(trim({raw}, chr(32) || chr(9) || chr(160)), '')"
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
    return f"case when {value} in ({allowed}) then {value} when {canonical} in ({allowed}) then {canonical} else {value} end"


def _problem(contract: Contract, mapped: list[_Mapped], horizon: Horizon) -> str:
    checks = [check for one in mapped for check in _checks(contract, one, horizon)]
    currency = next((one for one in mapped if one.column.name == "currency_code"), None)
    amounts = [one.name for one in mapped if one.column.name.endswith("_amount")]
    if currency and amounts and not currency.column.required:
        checks.append((f"{currency.name} is null and ({' or '.join(f'{name} is not null' for name in amounts)})",
                       "currency_missing", "currency_code"))
    if not checks:
        return "cast(null as VARCHAR)"
    cases = " ".join(f"when {condition} then '{code}|{column}'" for condition, code, column in checks)
    return f"case {cases} end"


def _checks(contract: Contract, one: _Mapped, horizon: Horizon) -> list[tuple[str, str, str]]:
    column, checks = one.column, []
    if column.physical_type != "VARCHAR":
        checks.append((f"{one.raw_name} is not null and {one.name} is null", "type_mismatch"))
    if column.required:
        code = "currency_missing" if column.name == "currency_code" else "required_missing"
        checks.append((f"{one.name} is null", code))
    if column.enum:
        allowed = ", ".join(quote_literal(word) for word in column.enum)
        checks.append((f"{one.name} not in ({allowed})", "not_in_vocabulary"))
    if column.minimum is not None:
        checks.append((f"{one.name} < {column.minimum}", "out_of_range"))
    if column.maximum is not None:
        checks.append((f"{one.name} > {column.maximum}", "out_of_range"))
    if column.pattern:
        checks.append((f"not regexp_matches({one.name}, {quote_literal(column.pattern)})", "pattern_mismatch"))
    if column.physical_type in ("DATE", "TIMESTAMP"):
        checks.append((_absurd(contract, one, horizon), "absurd_date"))
    return [(condition, code, column.name) for condition, code in checks]


def _absurd(contract: Contract, one: _Mapped, horizon: Horizon) -> str:
    latest = f"{one.column.physical_type} '{LATEST_DATE}'"
    if one.column.name == "birth_date":
        latest = f"DATE '{horizon.as_of:%Y-%m-%d}'"
    elif one.column.name in (contract.event_time_column, contract.version_column):
        kind = one.column.physical_type
        instant = f"TIMESTAMP '{horizon.as_of:%Y-%m-%d %H:%M:%S}' + to_days({horizon.future_tolerance_days})"
        latest = f"cast({instant} as {kind})"
    return f"({one.name} < {one.column.physical_type} '{EARLIEST_DATE}' or {one.name} > {latest})"
