"""Split delimited text line by line, so that one broken row costs one row.

DuckDB's reader is faster but may swallow many lines behind one open quote; this module decides what is a row whenever
a file is not plain. It writes the good records, each with its line number, to a clean file that DuckDB then reads.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetWriter

_BAD_CHARACTERS = re.compile("[\x00\uf700-\uf7ff]")
_MOST_LINES_IN_RECORD = 200
_KEPT_REJECTS = 50_000
LINE_MARK = "\x1f"
"""Delimiter of the clean file when a record is a whole line; JSON cannot hold it unescaped."""


def split_fields(line: str, delimiter: str, quote: str, *, strict: bool = False) -> list[str] | None:
    """Return the fields of one record, or None when a quoted field is still open.

    A quote inside a field that does not begin with one is a character like any other, as in DuckDB's reader. With
    `strict` it may not end such a field, because it then rather closes a field that an earlier line opened.

    Raises:
        ValueError: a quote stands where none may stand.
    """
    fields, position, length = [], 0, len(line)
    while True:
        if quote and line.startswith(quote, position):
            end = position + 1
            while True:
                end = line.find(quote, end)
                if end < 0:
                    return None
                if line.startswith(quote, end + 1):
                    end += 2
                    continue
                break
            fields.append(line[position + 1 : end].replace(quote * 2, quote))
            position = end + 1
            if position < length and line[position] != delimiter:
                raise ValueError("text after a closing quote")
        else:
            end = line.find(delimiter, position)
            end = length if end < 0 else end
            text = line[position:end]
            if strict and quote and text.endswith(quote):
                raise ValueError("a closing quote without an opening one")
            fields.append(text)
            position = end
        if position >= length:
            return fields
        position += 1


class _Lines:
    """Lines of a file with their numbers, with a look ahead; a line past the limit is cut."""

    def __init__(self, handle: BinaryIO, max_bytes: int, first: int = 1) -> None:
        self._handle, self._max, self._number = handle, max_bytes, first - 1
        self._ahead: deque[tuple[int, str, bool]] = deque()

    def __iter__(self) -> Iterator[tuple[int, str, bool]]:
        while (item := self.next()) is not None:
            yield item

    def next(self) -> tuple[int, str, bool] | None:
        return self._ahead.popleft() if self._ahead else self._read()

    def peek(self, distance: int) -> tuple[int, str, bool] | None:
        while len(self._ahead) <= distance:
            item = self._read()
            if item is None:
                return None
            self._ahead.append(item)
        return self._ahead[distance]

    def drop(self, count: int) -> None:
        for _ in range(count):
            self._ahead.popleft()

    def _read(self) -> tuple[int, str, bool] | None:
        data = self._handle.readline(self._max + 1)
        if not data:
            return None
        self._number += 1
        too_long = len(data) > self._max and not data.endswith(b"\n")
        if too_long:
            while (rest := self._handle.readline(1 << 20)) and not rest.endswith(b"\n"):
                pass
        return self._number, data.decode("utf-8", errors="ignore").rstrip("\n"), too_long


class RejectWriter:
    """Rows that could not be split, written to Parquet in portions."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: ParquetWriter | None = None
        self._rows: dict[str, list] = {"line": [], "reason_code": [], "raw_text": []}
        self.count = 0

    def add(self, line: int, reason: str, text: str) -> None:
        """Keep one row."""
        for name, value in zip(self._rows, (line, reason, text), strict=True):
            self._rows[name].append(value)
        self.count += 1
        if len(self._rows["line"]) >= _KEPT_REJECTS:
            self._flush()

    def close(self) -> Path | None:
        """Finish the file and return its path, or None when nothing was rejected."""
        if self.count:
            self._flush()
        if self._writer is not None:
            self._writer.close()
            return self._path
        return None

    def _flush(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = pa.schema([("line", pa.int64()), ("reason_code", pa.string()), ("raw_text", pa.large_string())])
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, schema)
        self._writer.write_table(pa.table(self._rows, schema=schema))
        self._rows = {name: [] for name in self._rows}


def recover_lines(
    source: Path, clean: Path, rejects: Path, *, first: int, max_line_bytes: int
) -> tuple[int, Path | None]:
    """Write every readable line with its number; return how many, and the file of the others."""
    refused, good = RejectWriter(rejects), 0
    with source.open("rb") as handle, clean.open("w", encoding="utf-8", newline="") as out:
        # a header, because a reader takes a mark of byte order off the first line
        out.write(f"text{LINE_MARK}line\n")
        for number, line, too_long in _Lines(handle, max_line_bytes, first):
            if not line.strip():
                continue
            reason = _unreadable(line, too_long)
            if reason or LINE_MARK in line:
                refused.add(number, reason or "malformed_row", line)
                continue
            out.write(f"{line}{LINE_MARK}{number}\n")
            good += 1
    return good, refused.close()


def recover_records(
    source: Path,
    clean: Path,
    rejects: Path,
    *,
    delimiter: str,
    quote: str,
    width: int,
    skip: int,
    first: int,
    max_line_bytes: int,
) -> tuple[int, Path | None]:
    """Write every good record with its line number; return how many, and the file of the others.

    `skip` lines with content, the header, are left out; `first` is the number of the file's first line. A quoted field
    may span lines; but when a line inside it is a whole record by itself, the quote was never closed, and only the line
    that opened it is refused.
    """
    refused, good = RejectWriter(rejects), 0
    with source.open("rb") as handle, clean.open("w", encoding="utf-8", newline="") as out:
        lines = _Lines(handle, max_line_bytes, first)
        out.write(delimiter * width + "\n")
        for number, line, too_long in lines:
            if not line:
                continue
            if skip:
                skip -= 1
                continue
            reason = _unreadable(line, too_long)
            if reason:
                refused.add(number, reason, line)
            elif not quote or quote not in line:
                found = line.count(delimiter) + 1
                if found == width or (found == width + 1 and line.endswith(delimiter)):
                    end = "" if found > width else delimiter
                    out.write(f"{line}{end}{number}\n")
                    good += 1
                else:
                    refused.add(number, "malformed_row", line)
            else:
                fields = _record(line, lines, delimiter, quote, width)
                if fields is None:
                    refused.add(number, "malformed_row", line)
                else:
                    out.write(_joined([*fields, str(number)], delimiter, quote))
                    good += 1
    return good, refused.close()


def _unreadable(line: str, too_long: bool) -> str | None:
    if too_long:
        return "line_too_long"
    return "encoding_error" if _BAD_CHARACTERS.search(line) else None


def _record(line: str, lines: _Lines, delimiter: str, quote: str, width: int) -> list[str] | None:
    """Return the fields of the record that begins with `line`, taking following lines when a quote spans them."""
    try:
        fields = split_fields(line, delimiter, quote)
        text, taken = line, 0
        while fields is None and width > 1 and taken < _MOST_LINES_IN_RECORD:
            following = lines.peek(taken)
            if following is None or _unreadable(following[1], following[2]):
                return None
            if _is_whole_record(following[1], delimiter, quote, width):
                return None
            taken += 1
            text += "\n" + following[1]
            fields = split_fields(text, delimiter, quote)
    except ValueError:
        return None
    if fields is not None and len(fields) == width + 1 and not fields[-1]:
        fields = fields[:-1]  # an empty field too many loses nothing, and DuckDB's reader lets it pass
    if fields is None or len(fields) != width:
        return None
    lines.drop(taken)
    return fields


def _is_whole_record(line: str, delimiter: str, quote: str, width: int) -> bool:
    try:
        fields = split_fields(line, delimiter, quote, strict=True)
    except ValueError:
        return False
    return fields is not None and len(fields) == width


def _joined(fields: list[str], delimiter: str, quote: str) -> str:
    marks = (delimiter, quote, "\n")
    written = [
        quote + field.replace(quote, quote * 2) + quote if any(mark in field for mark in marks) else field
        for field in fields
    ]
    return delimiter.join(written) + "\n"
