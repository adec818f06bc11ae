"""What landing leaves in the operations store: every batch, and every delivery that could not be read."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from ingestion.lake import Lake
from workspace.operations import operations

if TYPE_CHECKING:
    from ingestion.manifest import BatchManifest
    from workspace.runs import Run
    from workspace.workspace import Workspace

_BATCHES = {
    **dict.fromkeys(("batch_id", "feed", "contract", "contract_version", "kind", "source_file"), "VARCHAR"),
    **dict.fromkeys(("content_hash", "mapping_hash", "run_id"), "VARCHAR"),
    "ingested_at": "TIMESTAMP",
    **dict.fromkeys(("source_rows", "rows_read", "filtered", "rows_in", "accepted", "superseded"), "BIGINT"),
    **dict.fromkeys(("duplicate", "quarantined"), "BIGINT"),
    "watermark": "VARCHAR",
    "is_balanced": "BOOLEAN",
}
_FAILURES = dict.fromkeys(("feed", "contract", "source_file", "code", "message", "run_id", "content_hash"), "VARCHAR")


def record_batches(ws: Workspace, run: Run) -> None:
    """Bring `ops.batches` and `ops.file_failures` to what the lake's manifests say; again is the same as once.

    `ops.batches` holds one row for each committed batch of every run, because the manifests are the truth and a batch
    may be landed again. `ops.file_failures` keeps what each run could not read, by run.
    """
    lake = Lake(ws)
    batches = [_batch_row(one) for name in lake.contracts() for one in lake.manifests(name)]
    failures = [
        tuple(one.model_dump()[column] for column in _FAILURES)
        for name in lake.contracts()
        for one in lake.failures(name)
    ]
    runs = sorted({run.run_id, *(str(row[list(_FAILURES).index("run_id")]) for row in failures)})
    with operations(ws) as con:
        con.execute("begin")
        for table, columns in (("batches", _BATCHES), ("file_failures", _FAILURES)):
            declared = ", ".join(f"{column} {kind}" for column, kind in columns.items())
            con.execute(f"create table if not exists ops.{table} ({declared})")
        con.execute("delete from ops.batches")
        con.execute("delete from ops.file_failures where list_contains(?, run_id)", [runs])
        for table, rows in (("batches", batches), ("file_failures", failures)):
            if rows:
                marks = ", ".join("?" for _ in rows[0])
                con.executemany(f"insert into ops.{table} values ({marks})", rows)
        con.execute("commit")


def _batch_row(manifest: BatchManifest) -> tuple[Any, ...]:
    values = manifest.as_row() | {"is_balanced": manifest.is_balanced}
    values["ingested_at"] = manifest.ingested_at.astimezone(UTC).replace(tzinfo=None)
    return tuple(values[column] for column in _BATCHES)
