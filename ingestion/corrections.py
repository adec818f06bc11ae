"""Read the file in which a person corrected quarantined rows."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workspace.errors import ConfigError

_NOT_COLUMNS = frozenset({"quarantine_id", "reason", "record", "raw_text"})
_EXPECTED = '{"quarantine_id": "...", "record": {...}}, or "raw_text", or columns with their right values'


@dataclass(frozen=True)
class Correction:
    """What a person says about one row: its right text, or the right values of some of its columns."""

    raw_text: str | None = None
    values: dict[str, Any] = field(default_factory=dict)
    record: Any = None
    """The whole row, or a list of rows for a group; None when only some values are given."""


def read_corrections(path: Path) -> dict[str, Correction]:
    """Return the corrections of a file by quarantine id: JSON lines, or CSV when the name ends so.

    Raises:
        ConfigError: the file is missing, not UTF-8, or a line is not a correction; with its line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError("file of corrected rows not found", file=path) from None
    except UnicodeDecodeError:
        raise ConfigError("not UTF-8 text", file=path) from None
    items = _csv_items(text) if path.suffix.lower() == ".csv" else _json_items(path, text)
    corrections: dict[str, Correction] = {}
    for line, item in items:
        identifier = item.get("quarantine_id") if isinstance(item, dict) else None
        if not isinstance(identifier, str) or not _is_correction(item):
            raise ConfigError("not a corrected row", file=path, line=line, expected=_EXPECTED)
        if identifier in corrections:
            raise ConfigError(f"row {identifier} is corrected twice", file=path, line=line)
        values = {name: value for name, value in item.items() if name not in _NOT_COLUMNS}
        corrections[identifier] = Correction(item.get("raw_text"), values, item.get("record"))
    return corrections


def _json_items(path: Path, text: str) -> list[tuple[int, Any]]:
    items = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            items.append((number, json.loads(line)))
        except json.JSONDecodeError:
            raise ConfigError("not JSON", file=path, line=number, expected=_EXPECTED) from None
    return items


def _csv_items(text: str) -> list[tuple[int, Any]]:
    reader = csv.DictReader(text.splitlines(keepends=True), strict=True)
    try:
        return [(reader.line_num, _given(row)) for row in reader]
    except csv.Error:
        return [(reader.line_num, None)]


def _given(row: dict[str, Any]) -> dict[str, Any] | None:
    """Return the values of a CSV row; an empty field leaves the value of the row as it was delivered."""
    if None in row:
        return None
    return {name: value for name, value in row.items() if value}


def _is_correction(item: dict[str, Any]) -> bool:
    raw_text, record = item.get("raw_text"), item.get("record")
    if raw_text is not None and not isinstance(raw_text, str):
        return False
    is_rows = isinstance(record, list) and all(isinstance(one, dict) for one in record)
    return record is None or isinstance(record, dict) or is_rows
