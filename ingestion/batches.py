"""Land one stage as one batch: conform, settle, write aside, then commit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.conforming import BLANK, FILTERED, conform_sql
from ingestion.folding import fold, with_line_problems
from ingestion.lake import Lake
from ingestion.manifest import Batch, BatchManifest, write_manifest
from ingestion.problems import FileProblem
from ingestion.quarantine_files import PARQUET, Conformed, write_quarantine
from ingestion.versions import mark_split_groups, settle_versions
from workspace.atomic import replace_dir, replace_file
from workspace.sql import quote_identifier, quote_literal

if TYPE_CHECKING:
    from ingestion.staging import Stage
    from ingestion.workbench import Workbench


def conform(bench: Workbench, batch: Batch, stage: Stage) -> Conformed | None:
    """Write the conformed rows of a stage in source order; None when the reader did not give every row alone.

    Raises:
        FileProblem: the source does not fit the mapping.
    """
    import duckdb

    target, folded = bench.folder / "conformed.parquet", stage
    _forget_rejects(bench)
    try:
        if batch.feed.config.group_by:
            folded = fold(bench, batch.feed, stage)
        query = conform_sql(bench, batch.feed, batch.contract, folded)
        if folded is not stage:
            query = with_line_problems(query, batch.contract, batch.feed, stage)
        _forget_rejects(bench)
        bench.con.execute(f"copy ({query}) to {quote_literal(target)} (format parquet, compression lz4_raw)")
    except (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.OutOfRangeException):
        return None
    lines = "sum(__lines)" if folded is not stage else "count(*)"
    rows = bench.con.execute(
        f"select coalesce({lines} filter (__problem is distinct from '{BLANK}'), 0) "
        f"from read_parquet({quote_literal(target)})"
    ).fetchall()[0][0]
    if stage.expected_rows is not None and rows != stage.expected_rows:
        return None
    return Conformed(target, stage, folded)


def _forget_rejects(bench: Workbench) -> None:
    # DuckDB adds to these tables, and a look at the types of an expression reads the file as well
    bench.con.execute("drop table if exists rejected_records")
    bench.con.execute("drop table if exists rejected_scans")


def land(
    bench: Workbench,
    batch: Batch,
    conformed: Conformed,
    *,
    watermark: str | None = None,
    boundary_hashes: tuple[str, ...] = (),
) -> BatchManifest | None:
    """Settle and write the conformed rows beside the lake, then commit them; a crash anywhere leaves no half batch.

    Returns None, and writes nothing, for a replay in which no row became good.

    Raises:
        FileProblem: too many rows would be quarantined, or groups stand in the lake already with other content.
    """
    lake = Lake(bench.ws)
    is_versioned = batch.contract.version_column in batch.feed.mapped_names
    settle_versions(
        bench.con, conformed.path, lake.row_files(batch.contract.name), batch.contract, is_versioned=is_versioned
    )
    if batch.feed.config.group_by and not is_versioned:
        mark_split_groups(bench.con, conformed.path, lake.row_files(batch.contract.name))
    counts = _counts(bench, batch, conformed)
    _refuse_too_many(batch, counts)
    rows_folder, quarantine = bench.folder / "rows", bench.folder / "quarantine.parquet"
    rows_folder.mkdir(exist_ok=True)
    written = counts["accepted"] + counts["superseded"]
    if written:
        _write_rows(bench, batch, conformed, rows_folder / "part-0.parquet")
    reasons: dict[str, int] = {}
    source = batch.feed.config.source
    if batch.kind == "replay":
        resolved = _write_resolved(bench, conformed, quarantine)
        if not resolved:
            return None
        counts["rows_read"] -= counts["quarantined"]
        counts |= {"quarantined": 0, "source_rows": resolved}
    elif counts["quarantined"]:
        reasons = write_quarantine(bench, batch, conformed, quarantine)
    manifest = BatchManifest(
        batch_id=batch.batch_id,
        feed=batch.feed.name,
        contract=batch.contract.name,
        contract_version=batch.contract.version,
        kind=batch.kind,
        source_file=batch.source_file,
        content_hash=batch.content_hash,
        mapping_hash=batch.feed.mapping_hash,
        run_id=bench.run.run_id,
        ingested_at=bench.run.as_of,
        rows_in=counts["rows_read"] - counts["filtered"],
        reasons=reasons,
        source_columns=tuple(conformed.stage.columns),
        source_encoding=source.encoding if source.type == "file" else "utf-8",
        watermark=watermark,
        boundary_hashes=boundary_hashes,
        **counts,
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


def _counts(bench: Workbench, batch: Batch, conformed: Conformed) -> dict[str, int]:
    lines = "__lines" if conformed.is_folded else "1"
    total, source_rows, filtered, bad, good = bench.con.execute(
        f"select count(*) filter (not blank), coalesce(sum({lines}) filter (not blank), 0), "
        f"count(*) filter (__problem = '{FILTERED}'), count(*) filter (__problem not in ('{BLANK}', '{FILTERED}')), "
        f"count(*) filter (__problem is null) from (select *, __problem is not distinct from '{BLANK}' as blank "
        f"from read_parquet({quote_literal(conformed.path)}))"
    ).fetchall()[0]
    outcomes = dict(bench.con.execute("select outcome, count(*) from contested group by outcome").fetchall())
    split = outcomes.get("split", 0)
    if split and batch.kind != "replay":
        raise FileProblem(
            "split_group",
            f"{split:,} groups of this file stand in the lake already with other rows, so their sums would be wrong. "
            "Deliver each group in one file, or map the version column of the contract so that the newest group counts",
        )
    rejected = 0
    if conformed.stage.rejects:
        rejected = bench.con.execute(
            f"select count(*) from read_parquet({quote_literal(conformed.stage.rejects)})"
        ).fetchall()[0][0]
    duplicate, superseded = outcomes.get("duplicate", 0), outcomes.get("superseded", 0)
    return {
        "rows_read": total + rejected,
        "source_rows": int(source_rows) + rejected,
        "filtered": filtered,
        "accepted": good - duplicate - superseded - split,
        "superseded": superseded,
        "duplicate": duplicate,
        "quarantined": bad + rejected + split,
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


def _write_rows(bench: Workbench, batch: Batch, conformed: Conformed, target: Path) -> None:
    filled = batch.feed.mapped_names
    names = ", ".join(
        quote_identifier(column.name)
        if column.name in filled
        else f"cast(null as {column.physical_type}) as {quote_identifier(column.name)}"
        for column in batch.contract.columns
    )
    source_file = "__file" if "__file" in conformed.stage.carried else quote_literal(batch.source_file)
    bench.con.execute(
        f"copy (select {names}, _record_id, _row_key, _row_hash, cast({source_file} as VARCHAR) as _source_file, "
        f"{conformed.row_number} as _source_row, {quote_literal(batch.batch_id)} as _batch_id, "
        f"{quote_literal(bench.run.run_id)} as _run_id, TIMESTAMP '{bench.run.as_of_naive}' as _ingested_at, "
        f"{quote_literal(batch.contract.version)} as _contract_version "
        f"from read_parquet({quote_literal(conformed.path)}, file_row_number = true) as rows "
        "where __problem is null and file_row_number not in (select position from contested where outcome in "
        f"('duplicate', 'split'))) to {quote_literal(target)} {PARQUET}"
    )


def _write_resolved(bench: Workbench, conformed: Conformed, target: Path) -> int:
    """Write which quarantined rows a replay settles, and how; return how many."""
    origin = "unnest(__origin)" if conformed.is_folded else "__origin"
    bench.con.execute(
        f"copy (select {origin} as quarantine_id, case when __problem = '{FILTERED}' then 'filtered' "
        "else coalesce(contested.outcome, 'accepted') end as outcome "
        f"from read_parquet({quote_literal(conformed.path)}, file_row_number = true) as rows "
        "left join contested on contested.position = rows.file_row_number "
        f"where (__problem is null or __problem = '{FILTERED}') and contested.outcome is distinct from 'split') "
        f"to {quote_literal(target)} {PARQUET}"
    )
    count = bench.con.execute(f"select count(*) from read_parquet({quote_literal(target)})").fetchall()[0][0]
    return int(count)
