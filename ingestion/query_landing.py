"""Land the new rows of a database query: from the last watermark on, each row once."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.batches import conform, land
from ingestion.connectors.postgres import fetch_rows
from ingestion.lake import Lake
from ingestion.manifest import Batch, BatchManifest, FileFailure
from ingestion.problems import FileProblem
from ingestion.staging import parquet_stage
from ingestion.workbench import Workbench, workbench
from workspace.sql import quote_identifier, quote_literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from data_contracts.loader import Contract
    from ingestion.feeds import Feed
    from ingestion.landing import LandingResult
    from workspace.runs import Run
    from workspace.workspace import Workspace

_WATERMARK_TYPES = ("TIMESTAMP", "DATE", "INTEGER", "BIGINT", "SMALLINT")


def land_query(ws: Workspace, run: Run, feed: Feed, contract: Contract, result: LandingResult) -> None:
    """Land the rows at or past the feed's watermark, except those already read that stand exactly on it.

    The new watermark is part of the manifest, so that rows and watermark are committed together. A row whose watermark
    is null is read only by the first landing.
    """
    lake = Lake(ws)
    last = last_watermark(lake, feed, contract)
    name = f"postgres:{feed.name}"
    try:
        with workbench(ws, run, f"{contract.name}-{feed.name}-query") as bench:
            manifest = _land_rows(bench, feed, contract, last, name)
    except FileProblem as problem:
        result.failures.append(
            FileFailure(
                feed=feed.name,
                contract=contract.name,
                source_file=name,
                code=problem.code,
                message=problem.message,
                run_id=run.run_id,
            )
        )
        return
    if manifest is not None:
        result.batches.append(manifest)


def _land_rows(
    bench: Workbench, feed: Feed, contract: Contract, last: BatchManifest | None, name: str
) -> BatchManifest | None:
    fetched = fetch_rows(feed.query_source, bench.folder / "fetched.parquet", last.watermark if last else None)
    fresh = _without_boundary(bench.con, fetched, bench.folder / "fresh.parquet", feed, last)
    watermark, boundary, content = _summary(bench.con, fresh, feed)
    if not content:
        return None
    content_hash = hashlib.sha256(f"{watermark}\x1f{content}".encode()).hexdigest()
    batch_id = hashlib.sha256(f"{feed.name}\x1f{content_hash}".encode()).hexdigest()[:16]
    batch = Batch(batch_id, feed, contract, "query", name, content_hash)
    conformed = conform(bench, batch, parquet_stage(bench.con, fresh))
    if conformed is None:
        raise FileProblem("unreadable", "the rows of the query could not be read back")
    # rows with the same watermark as the last landing stay on the boundary beside the new ones
    if last and last.watermark == watermark:
        boundary = tuple(sorted({*boundary, *last.boundary_hashes}))
    mark = watermark or (last.watermark if last else None)
    return land(bench, batch, conformed, watermark=mark, boundary_hashes=boundary)


def last_watermark(lake: Lake, feed: Feed, contract: Contract) -> BatchManifest | None:
    """Return the manifest with the feed's latest watermark."""
    marked = [one for one in lake.manifests(contract.name) if one.feed == feed.name and one.watermark is not None]
    return max(marked, key=lambda one: (_order(one.watermark or ""), len(one.boundary_hashes)), default=None)


def _order(watermark: str) -> tuple[int, str]:
    digits = watermark.lstrip("-").isdigit()
    return (int(watermark), "") if digits else (0, watermark)


def _row_text() -> str:
    return "md5(cast(to_json(rows) as VARCHAR))"


def _without_boundary(
    con: DuckDBPyConnection, fetched: Path, fresh: Path, feed: Feed, last: BatchManifest | None
) -> Path:
    if last is None or not last.boundary_hashes:
        return fetched
    known = "[" + ", ".join(quote_literal(one) for one in last.boundary_hashes) + "]"
    con.execute(
        f"copy (select * from read_parquet({quote_literal(fetched)}) as rows where not ("
        f"{_watermark_text(feed)} is not distinct from {quote_literal(last.watermark or '')} "
        f"and list_contains({known}, {_row_text()}))) to {quote_literal(fresh)} (format parquet)"
    )
    return fresh


def _watermark_text(feed: Feed) -> str:
    return f"cast({quote_identifier(feed.query_source.watermark)} as VARCHAR)"


def _summary(con: DuckDBPyConnection, rows: Path, feed: Feed) -> tuple[str | None, tuple[str, ...], str | None]:
    """Return the greatest watermark, the hashes of the rows that stand on it, and a fingerprint of all rows."""
    source = f"read_parquet({quote_literal(rows)})"
    name = feed.query_source.watermark
    kinds = {column: kind for column, kind, *_ in con.execute(f"describe select * from {source}").fetchall()}
    if name not in kinds:
        raise FileProblem("missing_column", f"the query has no column {name!r}, the watermark of {feed.file.name}")
    if not kinds[name].startswith(_WATERMARK_TYPES):
        raise FileProblem(
            "bad_watermark", f"the watermark {name!r} is a {kinds[name]}; a timestamp, date or whole number is needed"
        )
    count, watermark, mixed = con.execute(
        f"select count(*), cast(max({quote_identifier(name)}) as VARCHAR), "
        f"cast(bit_xor(md5_number(cast(to_json(rows) as VARCHAR))) as VARCHAR) from {source} as rows"
    ).fetchall()[0]
    if not count:
        return None, (), None
    boundary = con.execute(
        f"select distinct {_row_text()} as mark from {source} as rows where {_watermark_text(feed)} = ? order by mark",
        [watermark],
    ).fetchall()
    return watermark, tuple(row[0] for row in boundary), f"{count}\x1f{mixed}"
