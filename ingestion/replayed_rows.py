"""Turn quarantined rows back into source rows: JSON objects, whatever the feed delivers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ingestion.delimited_records import split_fields
from ingestion.staging import Stage, text_columns
from ingestion.text_files import restore_bytes
from ingestion.text_stages import json_columns
from workspace.sql import quote_identifier, quote_literal

if TYPE_CHECKING:
    from ingestion.corrections import Correction
    from ingestion.feeds import Feed
    from ingestion.manifest import BatchManifest
    from ingestion.quarantine import QuarantinedRow
    from ingestion.workbench import Workbench

UNREADABLE = "unreadable"
"""Stands for a row that still cannot be split; it is no JSON object, and so stays in quarantine."""


def row_objects(row: QuarantinedRow, feed: Feed, manifest: BatchManifest, correction: Correction | None) -> list[str]:
    """Return the row as JSON objects: one, or those of a group; an unreadable one stays unreadable."""
    if correction is not None and correction.record is not None:
        records = correction.record if isinstance(correction.record, list) else [correction.record]
        return [_text(record | correction.values) for record in records]
    if correction is not None and correction.raw_text is not None:
        parts = [_split(correction.raw_text, feed, manifest.source_columns)]
    elif row.raw_format == "group":
        parts = [_text(one) for one in json.loads(row.raw_text)]
    elif row.raw_format == "line":
        line = _restored(row.raw_text, feed, manifest.source_encoding)
        parts = [_split(line, feed, manifest.source_columns)]
    else:
        parts = [row.raw_text]
    if correction is None or not correction.values:
        return parts
    return [_with_values(text, correction.values) for text in parts]


def _with_values(text: str, values: dict[str, Any]) -> str:
    try:
        record = json.loads(text)
    except json.JSONDecodeError:
        record = {}
    return _text((record if isinstance(record, dict) else {}) | values)


def _text(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False)


def _restored(text: str, feed: Feed, read_as: str) -> str:
    """Return a quarantined line in the encoding that the feed names today."""
    source = feed.config.source
    try:
        return restore_bytes(text, read_as).decode(source.encoding if source.type == "file" else "utf-8")
    except (UnicodeDecodeError, UnicodeEncodeError):
        return ""


def _split(line: str, feed: Feed, columns: tuple[str, ...]) -> str:
    source = feed.config.source
    if source.type != "file" or source.format != "csv":
        return line or UNREADABLE
    if "\x00" in line:
        return UNREADABLE
    try:
        fields = split_fields(line, source.delimiter, source.quote)
    except ValueError:
        return UNREADABLE
    if fields is None or len(fields) != len(columns):
        return UNREADABLE
    return _text(dict(zip(columns, fields, strict=True)))


def replay_stage(
    bench: Workbench, feed: Feed, texts: list[tuple[QuarantinedRow, list[str]]], names: list[str]
) -> Stage:
    """Return the stage of replayed rows; `names` are the columns of their sources."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    flat = [(row, text) for row, parts in texts for text in parts]
    table = pa.table(
        {
            "__origin": pa.array([row.quarantine_id for row, _ in flat], pa.string()),
            "__file": pa.array([row.source_file for row, _ in flat], pa.string()),
            "__line": pa.array([row.source_row for row, _ in flat], pa.int64()),
            "__text": pa.array([text for _, text in flat], pa.large_string()),
        }
    )
    path = bench.folder / "replayed.parquet"
    pq.write_table(table, path)
    is_json = feed.config.source.format == "jsonl"
    columns = json_columns(feed) if is_json else names
    paths = [
        "$" + "".join(f".{_path_part(part)}" for part in (name.split(".") if is_json else [name])) for name in columns
    ]
    fields = "".join(f"__values[{at}] as {quote_identifier(name)}, " for at, name in enumerate(columns, start=1))
    extracted = f"json_extract_string(__text, [{', '.join(quote_literal(one) for one in paths)}])" if paths else "[]"
    relation = (
        f"(select {fields}__origin, __file, __line, __text, __is_object, false as __blank from (select *, "
        f"case when __is_object then {extracted} end as __values from (select *, coalesce(case when "
        "json_valid(__text) then json_type(__text) = 'OBJECT' end, false) as __is_object "
        f"from read_parquet({quote_literal(path)}))))"
    )
    return Stage(
        relation,
        text_columns(columns),
        has_lines=True,
        has_text=True,
        expected_rows=len(flat),
        text_rows=feed.config.source.format in ("parquet", "postgres"),
        carried=("__origin", "__file"),
    )


def _path_part(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
