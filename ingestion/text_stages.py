"""Stage delimited text and JSON lines: DuckDB reads plain files, the line-by-line reader settles the others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.delimited_records import LINE_MARK, recover_lines, recover_records, split_fields
from ingestion.expressions import feed_expressions
from ingestion.problems import FileProblem
from ingestion.staging import Stage, text_columns
from ingestion.text_files import TextShape
from workspace.sql import quote_identifier, quote_literal

if TYPE_CHECKING:
    from ingestion.feeds import Feed, FileSource


def csv_header(text: Path, source: FileSource) -> list[str]:
    """Return the column names of a delimited file.

    Raises:
        FileProblem: the first line is not a header that can be split.
    """
    if source.names:
        return list(source.names)
    with text.open("rb") as handle:
        line = ""
        for data in handle:
            line = data.decode("utf-8").rstrip("\n")
            if line:
                break
    try:
        names = split_fields(line, source.delimiter, source.quote)
    except ValueError:
        names = None
    if names is None:
        raise FileProblem("bad_header", "the header line cannot be split: check `delimiter` and `quote` of the feed")
    return [name.strip() for name in names]


def csv_stage(text: Path, shape: TextShape, source: FileSource, max_line_bytes: int) -> Stage | None:
    """Return the stage that DuckDB's reader gives for a plain file, else None."""
    if not shape.is_plain:
        return None
    columns = text_columns(csv_header(text, source))
    relation = _read_csv(text, columns, source.delimiter, source.quote, source.header, max_line_bytes)
    header = 1 if source.header else 0
    return Stage(
        relation,
        columns,
        first_row=1 + header + source.skip_lines,
        expected_rows=max(shape.lines - header, 0),
        has_odd_blanks=shape.has_odd_blanks,
    )


def recovered_csv_stage(text: Path, source: FileSource, folder: Path, max_line_bytes: int) -> Stage:
    """Return the stage of a file that is not plain, every row judged line by line."""
    columns = text_columns(csv_header(text, source))
    clean = folder / "clean.csv"
    good, rejects = recover_records(
        text,
        clean,
        folder / "rejects.parquet",
        delimiter=source.delimiter,
        quote=source.quote,
        width=len(columns),
        skip=1 if source.header else 0,
        first=1 + source.skip_lines,
        max_line_bytes=max_line_bytes,
    )
    # escaping may double a line's length
    relation = _read_csv(
        clean, columns | {"__line": "BIGINT"}, source.delimiter, source.quote, True, max_line_bytes * 50
    )
    return Stage(relation, columns, has_lines=True, expected_rows=good, rejects=rejects)


def json_stage(text: Path, shape: TextShape, feed: Feed, max_line_bytes: int) -> Stage | None:
    """Return the stage of plain JSON lines, else None."""
    if shape.has_bad_bytes or shape.has_nul:
        return None
    lines = _read_csv(text, {"__text": "VARCHAR"}, LINE_MARK, "", False, max_line_bytes)
    names = json_columns(feed)
    return Stage(
        _objects(lines, names, has_lines=False),
        text_columns(names),
        first_row=1 + feed.file_source.skip_lines,
        has_text=True,
        expected_rows=shape.lines,
    )


def recovered_json_stage(text: Path, feed: Feed, folder: Path, max_line_bytes: int) -> Stage:
    """Return the stage of JSON lines that are not plain text throughout."""
    clean = folder / "clean.jsonl"
    good, rejects = recover_lines(
        text, clean, folder / "rejects.parquet", first=1 + feed.file_source.skip_lines, max_line_bytes=max_line_bytes
    )
    lines = _read_csv(clean, {"__text": "VARCHAR", "__line": "BIGINT"}, LINE_MARK, "", True, max_line_bytes * 2)
    names = json_columns(feed)
    return Stage(
        _objects(lines, names, has_lines=True),
        text_columns(names),
        has_lines=True,
        has_text=True,
        expected_rows=good,
        rejects=rejects,
    )


def json_columns(feed: Feed) -> list[str]:
    """Return the keys that a mapping reads; a dot goes into a nested object."""
    expressions, where = feed_expressions(feed)
    names = [entry.column for entry in feed.config.columns.values() if entry.column]
    names += feed.config.group_by or []
    for expression in [*expressions.values(), *([where] if where else [])]:
        names += [*expression.columns, *expression.folded_columns]
    return list(dict.fromkeys(names))


def _objects(lines: str, names: list[str], *, has_lines: bool) -> str:
    paths = ", ".join(quote_literal("$" + "".join(f'."{part}"' for part in name.split("."))) for name in names)
    fields = ", ".join(f"__values[{index}] as {quote_identifier(name)}" for index, name in enumerate(names, start=1))
    line = "__line, " if has_lines else ""
    return (
        f"(select {fields}, {line}__text, __is_object, __blank from (select *, "
        f"case when __is_object then json_extract_string(__text, [{paths}]) end as __values from (select *, "
        f"coalesce(case when json_valid(__text) then json_type(__text) = 'OBJECT' end, false) as __is_object, "
        f"coalesce(trim(__text, chr(32) || chr(9)), '') = '' as __blank from {lines})))"
    )


def _read_csv(  # noqa: PLR0917
    path: Path, columns: dict[str, str], delimiter: str, quote: str, header: bool, max_line_bytes: int
) -> str:
    declared = ", ".join(f"{quote_literal(name)}: '{kind}'" for name, kind in columns.items())
    return (
        f"read_csv({quote_literal(path)}, delim={quote_literal(delimiter)}, quote={quote_literal(quote)}, "
        f"escape={quote_literal(quote)}, header={str(header).lower()}, auto_detect=false, columns={{{declared}}}, "
        f"new_line='\\n', max_line_size={max_line_bytes}, store_rejects=true, rejects_limit=0, "
        "rejects_table='rejected_records', rejects_scan='rejected_scans')"
    )
