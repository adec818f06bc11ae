"""SQL that turns one source value into one typed contract value, or into null when it cannot be that type.

Numbers and instants are read here, in the same pass that lands the rows; the normalising of identifiers (e-mail, phone,
documents, names) is left to identity, so that the lake keeps what the source wrote.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ingestion.feeds import EPOCH_FORMATS
from workspace.sql import quote_literal

_TRUE = ("true", "t", "1", "y", "yes", "s", "sim", "sí", "si", "verdadeiro", "verdadero")
_FALSE = ("false", "f", "0", "n", "no", "não", "nao", "falso")
FLOATS = ("FLOAT", "DOUBLE", "REAL")
_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
NUMBER_TYPE = "DECIMAL(28,6)"


@dataclass(frozen=True)
class Dialect:
    """How numbers and instants of one mapped column are written."""

    decimal: str = "."
    thousands: str | None = None
    formats: tuple[str, ...] = ()
    timezone: str = "UTC"
    iso_too: bool = False
    """Accept ISO dates beside `formats`: rows of a typed source that are replayed from their text."""


def typed(raw: str, kind: str, target: str, dialect: Dialect) -> str:  # noqa: PLR0911
    """Return SQL for `raw`, a value of DuckDB type `kind`, as the contract's type `target`; null when impossible."""
    if kind == "VARCHAR":
        return _from_text(raw, target, dialect)
    if target == "TIMESTAMP" and kind in ("TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMP_S", "DATE"):
        return _to_utc(f"cast({raw} as TIMESTAMP)", dialect.timezone)
    if target == "TIMESTAMP" and kind == "TIMESTAMP WITH TIME ZONE":
        return f"timezone('UTC', {raw})"
    if target == "DATE" and kind.startswith("TIMESTAMP"):
        return f"cast({raw} as DATE)"
    if target == "BOOLEAN" and kind in _INTEGERS:
        return f"case {raw} when 1 then true when 0 then false end"
    if kind == target:
        return raw
    if kind in FLOATS and target.startswith("DECIMAL"):
        return f"try_cast({_exact_float(raw)} as {target})"
    text = as_text(raw, kind)
    if target == "VARCHAR":
        return text
    return _from_text(text, target, Dialect(timezone=dialect.timezone, formats=dialect.formats, iso_too=True))


def as_text(raw: str, kind: str) -> str:
    """Return SQL for a value of any type as text; whole floats lose their `.0`, which pandas adds to identifiers."""
    if kind == "VARCHAR":
        return raw
    if kind in FLOATS:
        return (
            f"case when {raw} = floor({raw}) and abs({raw}) < 1e15 then cast(cast({raw} as BIGINT) as VARCHAR) "
            f"else cast({raw} as VARCHAR) end"
        )
    return f"cast({raw} as VARCHAR)"


def number(raw: str, kind: str, dialect: Dialect) -> str:
    """Return SQL for a source value as an exact number, for use in the arithmetic of a mapping."""
    if kind in _INTEGERS or kind.startswith("DECIMAL"):
        return raw
    if kind in FLOATS:
        return _exact_float(raw)
    if kind != "VARCHAR":
        return f"try_cast(cast({raw} as VARCHAR) as {NUMBER_TYPE})"
    return _decimal(f"trim({raw})", NUMBER_TYPE, dialect)


def _exact_float(raw: str) -> str:
    """Read a binary float as the decimal it prints as, to six places: 2.675 is 2.675 and not a little less."""
    # below 1e9 the error of a double is far under the sixth place, so rounding there gives the printed number
    small = f"cast(try_cast({raw} as DECIMAL(16,6)) as {NUMBER_TYPE})"
    return f"case when abs({raw}) < 1e9 then {small} else try_cast(cast({raw} as VARCHAR) as {NUMBER_TYPE}) end"


def _from_text(raw: str, target: str, dialect: Dialect) -> str:  # noqa: PLR0911
    if target == "VARCHAR":
        return raw
    if target.startswith("DECIMAL"):
        return _decimal(raw, target, dialect)
    if target in _INTEGERS:
        exact = _decimal(raw, NUMBER_TYPE, dialect)
        return f"case when {exact} % 1 = 0 then try_cast({exact} as {target}) end"
    if target == "BOOLEAN":
        word = f"lower({raw})"
        return f"case when {word} in ({_words(_TRUE)}) then true when {word} in ({_words(_FALSE)}) then false end"
    if target == "DATE":
        return _date(raw, dialect)
    if target == "TIMESTAMP":
        return _instant(raw, dialect)
    return f"try_cast({raw} as {target})"


def _words(words: tuple[str, ...]) -> str:
    return ", ".join(quote_literal(word) for word in words)


def _decimal(raw: str, target: str, dialect: Dialect) -> str:
    """Read an exact number; a mark that the feed did not declare makes it unreadable, not a thousand times off."""
    point, group = dialect.decimal, dialect.thousands
    other = "." if point == "," else ","
    plain = raw
    if group:
        pattern = rf"[+-]?\d{{1,3}}({re.escape(group)}\d{{3}})+({re.escape(point)}\d*)?"
        stripped = f"replace({raw}, {quote_literal(group)}, '')"
        plain = f"case when regexp_full_match({raw}, {quote_literal(pattern)}) then {stripped} else {raw} end"
    marks = ["_"] + ([other] if other == "." else [])
    refused = " or ".join(f"contains({plain}, {quote_literal(mark)})" for mark in marks)
    text = f"replace({plain}, ',', '.')" if point == "," else plain
    return f"case when not ({refused}) then try_cast({text} as {target}) end"


def _date(raw: str, dialect: Dialect) -> str:
    iso = rf"case when regexp_matches({raw}, '^\d{{4}}-\d{{1,2}}-\d{{1,2}}([T ]|$)') then try_cast({raw} as DATE) end"
    if not dialect.formats:
        return iso
    if dialect.formats[0] in EPOCH_FORMATS:
        return f"cast({_epoch(raw, dialect.formats[0])} as DATE)"
    parsed = f"cast(try_strptime({raw}, {_list(dialect.formats)}) as DATE)"
    return f"coalesce({parsed}, {iso})" if dialect.iso_too else parsed


def _instant(raw: str, dialect: Dialect) -> str:
    # cheap looks first: the pattern is matched only where an offset may stand, which most sources never write
    tail = f"substr({raw}, 14)"
    marks = " or ".join(f"contains({tail}, '{mark}')" for mark in ("Z", "z", "+", "-"))
    offset = rf"regexp_matches({raw}, '^\d.*:\d\d.*(Z|z|[+-]\d\d(:?\d\d)?)$')"
    naive = _to_utc(f"case when {raw} >= '0' and {raw} < ':' then try_cast({raw} as TIMESTAMP) end", dialect.timezone)
    zoned_text = f"make_timestamp(epoch_us(try_cast({raw} as TIMESTAMPTZ)))"
    iso = f"case when {marks} then case when {offset} then {zoned_text} else {naive} end else {naive} end"
    if not dialect.formats:
        return iso
    if dialect.formats[0] in EPOCH_FORMATS:
        return _epoch(raw, dialect.formats[0])
    parsed = f"try_strptime({raw}, {_list(dialect.formats)})"
    zoned = any("%z" in text or "%Z" in text for text in dialect.formats)
    utc = f"timezone('UTC', {parsed})" if zoned else _to_utc(parsed, dialect.timezone)
    return f"coalesce({utc}, {iso})" if dialect.iso_too else utc


def _epoch(raw: str, unit: str) -> str:
    divisor = "" if unit == "epoch_seconds" else " / 1000"
    return f"timezone('UTC', try(to_timestamp(try_cast({raw} as DOUBLE){divisor})))"


def _to_utc(naive: str, zone: str) -> str:
    if zone in ("UTC", "Etc/UTC"):
        return naive
    # make_timestamp over epoch_us is timezone('UTC', …) without a second look into the time zone tables
    return f"make_timestamp(epoch_us(try(timezone({quote_literal(zone)}, {naive}))))"


def _list(formats: tuple[str, ...]) -> str:
    return "[" + ", ".join(quote_literal(text) for text in formats) + "]"
