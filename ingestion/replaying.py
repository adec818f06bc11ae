"""Land quarantined rows again, with a corrected mapping or corrected by hand; each row counts once."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from data_contracts.loader import load_contract
from ingestion.batches import Batch, conform, land
from ingestion.delimited_records import split_fields
from ingestion.feeds import Feed, load_feeds
from ingestion.lake import Lake
from ingestion.problems import FileProblem
from ingestion.quarantine import QuarantinedRow, show_quarantine
from ingestion.staging import Stage, text_columns
from ingestion.text_files import restore_bytes
from ingestion.text_stages import json_columns
from workspace.errors import ConfigError
from workspace.sql import connect, quote_identifier, quote_literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from data_contracts.loader import Contract
    from ingestion.manifest import BatchManifest
    from workspace.runs import Run
    from workspace.workspace import Workspace


@dataclass
class ReplayResult:
    """What a replay did."""

    batches: list[BatchManifest] = field(default_factory=list)
    remaining: int = 0
    """Replayed rows that are still not right and stay in quarantine."""
    reasons: dict[str, int] = field(default_factory=dict)
    """Why they are still not right, as `reason|column`."""

    @property
    def resolved(self) -> int:
        """Return how many rows left the quarantine."""
        return sum(one.rows_read for one in self.batches)


def replay(
    ws: Workspace,
    run: Run,
    contract_name: str,
    *,
    feed: str | None = None,
    batch_id: str | None = None,
    quarantine_ids: list[str] | None = None,
    rows_file: str | None = None,
) -> ReplayResult:
    """Land open quarantined rows of a contract with today's mapping, or as corrected in `rows_file`.

    `rows_file` is JSON lines as `export_quarantine` writes them, and limits the replay to the rows it names. Rows that
    are right now land as one batch for each feed and are marked resolved; the others stay as they are.

    Raises:
        ConfigError: the file of rows is not readable, or names a row that is not open.
    """
    contract = load_contract("feeds", contract_name, ws)
    feeds = {one.name: one for one in load_feeds(ws, contract_name)}
    corrected = _read_corrections(ws.resolve_inside(rows_file)) if rows_file else None
    if corrected is not None:
        wanted = set(corrected) & set(quarantine_ids or corrected)
        quarantine_ids = sorted(wanted)
    lake = Lake(ws)
    lake.recover(contract_name)
    rows = show_quarantine(
        ws, contract_name, feed=feed, batch_id=batch_id, quarantine_ids=quarantine_ids, limit=None
    )
    unknown = set(quarantine_ids or ()) - {row.quarantine_id for row in rows}
    if unknown:
        raise ConfigError(
            f"{len(unknown)} of the rows asked for are not open in the quarantine of {contract_name}, "
            f"for example {min(unknown)}", hint="They may be resolved already"
        )
    result = ReplayResult()
    for name in sorted({row.feed for row in rows}):
        if name in feeds:
            _replay_feed(ws, run, feeds[name], contract, [row for row in rows if row.feed == name], corrected, result)
        else:
            result.remaining += sum(row.feed == name for row in rows)
            result.reasons["feed_removed|"] = result.remaining
    return result


def _read_corrections(path: Path) -> dict[str, str]:
    corrections: dict[str, str] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise ConfigError("file of corrected rows not found", file=path) from None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
            corrections[item["quarantine_id"]] = json.dumps(item["record"], ensure_ascii=False)
        except (json.JSONDecodeError, KeyError, TypeError):
            raise ConfigError("not a corrected row", file=path, line=number,
                              expected='{"quarantine_id": "...", "record": {...}}') from None
    return corrections


def _replay_feed(ws: Workspace, run: Run, feed: Feed, contract: Contract, rows: list[QuarantinedRow],
                 corrected: dict[str, str] | None, result: ReplayResult) -> None:
    lake = Lake(ws)
    columns = {one.batch_id: one.source_columns for one in lake.manifests(contract.name)}
    texts = [
        corrected[row.quarantine_id] if corrected else _as_object(row, feed, columns.get(row.batch_id, ()))
        for row in rows
    ]
    digest = hashlib.sha256(f"replay\x1f{feed.name}\x1f{feed.mapping_hash}".encode())
    for row, text in zip(rows, texts, strict=True):
        digest.update(f"\x1f{row.quarantine_id}\x1f{text}".encode())
    content_hash = digest.hexdigest()
    batch = Batch(content_hash[:16], feed, contract, "replay", "replay", content_hash)
    folder = lake.scratch(f"{contract.name}-{batch.batch_id}")
    names = list(dict.fromkeys(name for row in rows for name in columns.get(row.batch_id, ())))
    try:
        with connect(ws) as con:
            stage = _stage(con, feed, rows, texts, names, folder)
            conformed = conform(con, ws, run, batch, stage, folder)
            if conformed is None:
                raise FileProblem("unreadable", "the quarantined rows could not be read back")
            bad = con.execute(
                f"select __problem, count(*) from read_parquet({quote_literal(conformed)}) "
                "where __problem is not null and __problem <> 'filtered' group by 1 order by 1"
            ).fetchall()
            result.remaining += sum(count for _, count in bad)
            for problem, count in bad:
                result.reasons[problem] = result.reasons.get(problem, 0) + count
            if sum(count for _, count in bad) < len(rows):
                result.batches.append(land(con, ws, run, batch, stage, conformed, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as_object(row: QuarantinedRow, feed: Feed, columns: tuple[str, ...]) -> str:
    """Return the row as a JSON object, splitting a line that could not be split before with today's dialect."""
    if row.raw_format != "line":
        return row.raw_text
    source = feed.config.source
    try:
        line = restore_bytes(row.raw_text).decode(source.encoding if source.type == "file" else "utf-8")
    except UnicodeDecodeError:
        return ""
    if source.type != "file" or source.format != "csv" or "\x00" in line:
        return line
    try:
        fields = split_fields(line, source.delimiter, source.quote)
    except ValueError:
        return ""
    if fields is None or len(fields) != len(columns):
        return ""
    return json.dumps(dict(zip(columns, fields, strict=True)), ensure_ascii=False)


def _stage(con: DuckDBPyConnection, feed: Feed, rows: list[QuarantinedRow], texts: list[str], names: list[str],
           folder: Path) -> Stage:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table(
        {
            "__origin": pa.array([row.quarantine_id for row in rows], pa.string()),
            "__file": pa.array([row.source_file for row in rows], pa.string()),
            "__line": pa.array([row.source_row for row in rows], pa.int64()),
            "__text": pa.array(texts, pa.large_string()),
        }
    )
    path = folder / "replayed.parquet"
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
        relation, text_columns(columns), has_lines=True, has_text=True, expected_rows=len(rows),
        text_rows=feed.config.source.format in ("parquet", "postgres"), carried=("__origin", "__file"),
    )


def _path_part(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
