"""Land one stage as one batch: conform, settle, write aside, then commit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ingestion.conforming import BLANK, FILTERED, Horizon, conform_sql
from ingestion.lake import Lake
from ingestion.manifest import BatchManifest, write_manifest
from ingestion.problems import FileProblem
from ingestion.versions import settle_versions
from workspace.atomic import replace_dir, replace_file
from workspace.sql import quote_identifier, quote_literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from data_contracts.loader import Contract
    from ingestion.feeds import Feed
    from ingestion.staging import Stage
    from workspace.runs import Run
    from workspace.workspace import Workspace

_PARQUET = "(format parquet, compression zstd)"


@dataclass(frozen=True)
class Batch:
    """What identifies a batch before it is landed."""

    batch_id: str
    feed: Feed
    contract: Contract
    kind: Literal["delivery", "query", "replay"]
    source_file: str
    content_hash: str


def conform(con: DuckDBPyConnection, ws: Workspace, run: Run, batch: Batch, stage: Stage, folder: Path) -> Path | None:
    """Write the conformed rows of a stage in source order; None when the reader did not give every row alone.

    Raises:
        FileProblem: the source does not fit the mapping.
    """
    import duckdb

    target = folder / "conformed.parquet"
    con.execute("drop table if exists rejected_records")
    con.execute("drop table if exists rejected_scans")
    horizon = Horizon(run.as_of_naive, ws.settings.ingestion.future_tolerance_days)
    query = conform_sql(con, batch.feed, batch.contract, stage, ws.settings.timezone, horizon)
    con.execute("drop table if exists rejected_records")
    con.execute("drop table if exists rejected_scans")
    try:
        con.execute(f"copy ({query}) to {quote_literal(target)} (format parquet, compression lz4_raw)")
    except duckdb.InvalidInputException:
        return None
    rows = con.execute(
        f"select count(*) filter (__problem is distinct from '{BLANK}') from read_parquet({quote_literal(target)})"
    ).fetchall()[0][0]
    if stage.expected_rows is not None and rows != stage.expected_rows:
        return None
    return target


def land(con: DuckDBPyConnection, ws: Workspace, run: Run, batch: Batch, stage: Stage, conformed: Path, folder: Path,
         watermark: str | None = None, boundary_hashes: tuple[str, ...] = ()) -> BatchManifest:
    """Settle and write the conformed rows beside the lake, then commit them; a crash anywhere leaves no half batch."""
    lake = Lake(ws)
    committed = [one.batch_id for one in lake.manifests(batch.contract.name)]
    stored = [lake.batch_folder(batch.contract.name, one) / "part-0.parquet" for one in committed]
    settle_versions(con, conformed, [file for file in stored if file.exists()], batch.contract)
    counts = _counts(con, conformed, stage)
    _refuse_too_many(batch, counts)
    written = counts["accepted"] + counts["superseded"]
    rows_folder = folder / "rows"
    rows_folder.mkdir(exist_ok=True)
    if written:
        _write_rows(con, run, batch, stage, conformed, rows_folder / "part-0.parquet")
    quarantine = folder / "quarantine.parquet"
    reasons: dict[str, int] = {}
    if batch.kind == "replay":
        _write_resolved(con, conformed, quarantine)
        counts["rows_read"] -= counts["quarantined"]
        counts["quarantined"] = 0
    elif counts["quarantined"]:
        reasons = _write_quarantine(con, run, batch, stage, conformed, quarantine)
    manifest = BatchManifest(
        batch_id=batch.batch_id, feed=batch.feed.name, contract=batch.contract.name,
        contract_version=batch.contract.version, kind=batch.kind, source_file=batch.source_file,
        content_hash=batch.content_hash, mapping_hash=batch.feed.mapping_hash, run_id=run.run_id,
        ingested_at=run.as_of, rows_in=counts["rows_read"] - counts["filtered"], reasons=reasons,
        source_columns=tuple(stage.columns), watermark=watermark, boundary_hashes=boundary_hashes, **counts,
    )
    commit(lake, manifest, rows_folder if written else None, quarantine)
    return manifest


def commit(lake: Lake, manifest: BatchManifest, rows: Path | None, quarantine: Path) -> None:
    """Move a finished batch into the lake; the manifest comes last and makes it count."""
    if rows is not None:
        replace_dir(rows, lake.batch_folder(manifest.contract, manifest.batch_id))
    if quarantine.exists():
        place = lake.resolved_file if manifest.kind == "replay" else lake.quarantine_file
        target = place(manifest.contract, manifest.batch_id)
        target.parent.mkdir(parents=True, exist_ok=True)
        replace_file(quarantine, target)
    write_manifest(lake.manifest_folder(manifest.contract), manifest)


def _counts(con: DuckDBPyConnection, conformed: Path, stage: Stage) -> dict[str, int]:
    total, filtered, bad, good = con.execute(
        f"select count(*) filter (__problem is distinct from '{BLANK}'), count(*) filter (__problem = '{FILTERED}'), "
        f"count(*) filter (__problem not in ('{BLANK}', '{FILTERED}')), count(*) filter (__problem is null) "
        f"from read_parquet({quote_literal(conformed)})"
    ).fetchall()[0]
    outcomes = dict(con.execute("select outcome, count(*) from contested group by outcome").fetchall())
    rejected = 0
    if stage.rejects:
        rejected = con.execute(f"select count(*) from read_parquet({quote_literal(stage.rejects)})").fetchall()[0][0]
    duplicate, superseded = outcomes.get("duplicate", 0), outcomes.get("superseded", 0)
    return {
        "rows_read": total + rejected, "filtered": filtered, "accepted": good - duplicate - superseded,
        "superseded": superseded, "duplicate": duplicate, "quarantined": bad + rejected,
    }


def _refuse_too_many(batch: Batch, counts: dict[str, int]) -> None:
    limit = batch.feed.config.limits.max_reject_percent
    rows_in = counts["rows_read"] - counts["filtered"]
    if batch.kind != "replay" and limit < 100 and counts["quarantined"] * 100 > limit * rows_in:
        raise FileProblem(
            "too_many_rejects",
            f"{counts['quarantined']:,} of {rows_in:,} rows would be quarantined, more than the {limit:g} % that "
            f"{batch.feed.file.name} allows. `unavista feeds check` shows why",
        )


def _row_number(stage: Stage) -> str:
    return f"coalesce(__line, file_row_number + {stage.first_row})"


def _write_rows(con: DuckDBPyConnection, run: Run, batch: Batch, stage: Stage, conformed: Path, target: Path) -> None:
    names = ", ".join(quote_identifier(column.name) for column in batch.contract.columns)
    source_file = "__file" if "__file" in stage.carried else quote_literal(batch.source_file)
    con.execute(
        f"copy (select {names}, _record_id, _row_key, _row_hash, cast({source_file} as VARCHAR) as _source_file, "
        f"{_row_number(stage)} as _source_row, {quote_literal(batch.batch_id)} as _batch_id, "
        f"{quote_literal(run.run_id)} as _run_id, TIMESTAMP '{run.as_of_naive}' as _ingested_at, "
        f"{quote_literal(batch.contract.version)} as _contract_version "
        f"from read_parquet({quote_literal(conformed)}, file_row_number = true) as rows "
        "where __problem is null and not exists (select 1 from contested where contested.position = "
        f"rows.file_row_number and contested.outcome = 'duplicate')) to {quote_literal(target)} {_PARQUET}"
    )


def _write_quarantine(
    con: DuckDBPyConnection, run: Run, batch: Batch, stage: Stage, conformed: Path, target: Path
) -> dict[str, int]:
    raw_format = "json" if stage.has_text else "record"
    rejected = "select null, null, null, null, null where false"
    if stage.rejects:
        rejected = f"select line, null, reason_code, raw_text, 'line' from read_parquet({quote_literal(stage.rejects)})"
    con.execute(
        "create or replace temp table quarantined as "
        f"with bad(source_row, column_name, reason_code, raw_text, raw_format) as (select {_row_number(stage)}, "
        "nullif(split_part(__problem, '|', 2), ''), split_part(__problem, '|', 1), __text, "
        f"'{raw_format}' from read_parquet({quote_literal(conformed)}, file_row_number = true) "
        f"where __problem not in ('{BLANK}', '{FILTERED}') union all {rejected}) "
        f"select {quote_literal(batch.batch_id + '-')} || source_row as quarantine_id, "
        f"{quote_literal(batch.feed.name)} as feed, {quote_literal(batch.contract.name)} as contract, "
        f"{quote_literal(batch.source_file)} as source_file, cast(source_row as BIGINT) as source_row, "
        "cast(column_name as VARCHAR) as column_name, cast(reason_code as VARCHAR) as reason_code, "
        "cast(raw_text as VARCHAR) as raw_text, cast(raw_format as VARCHAR) as raw_format, "
        f"{quote_literal(batch.batch_id)} as batch_id, {quote_literal(run.run_id)} as run_id, "
        f"TIMESTAMP '{run.as_of_naive}' as ingested_at, {quote_literal(batch.contract.version)} as contract_version "
        "from bad order by source_row"
    )
    con.execute(f"copy (from quarantined) to {quote_literal(target)} {_PARQUET}")
    return dict(con.execute("select reason_code, count(*) from quarantined group by 1 order by 1").fetchall())


def _write_resolved(con: DuckDBPyConnection, conformed: Path, target: Path) -> None:
    con.execute(
        f"copy (select __origin as quarantine_id, case when __problem = '{FILTERED}' then 'filtered' "
        "else coalesce(contested.outcome, 'accepted') end as outcome "
        f"from read_parquet({quote_literal(conformed)}, file_row_number = true) as rows "
        "left join contested on contested.position = rows.file_row_number "
        f"where __problem is null or __problem = '{FILTERED}') to {quote_literal(target)} {_PARQUET}"
    )
