"""The record of one batch; writing it is what commits the batch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from workspace.atomic import write_text_atomic

if TYPE_CHECKING:
    from data_contracts.loader import Contract
    from ingestion.feeds import Feed


@dataclass(frozen=True)
class Batch:
    """What identifies a batch before it is landed."""

    batch_id: str
    feed: Feed
    contract: Contract
    kind: Literal["delivery", "query", "replay"]
    source_file: str
    content_hash: str


class BatchManifest(BaseModel):
    """What came in, from where, and what became of every row."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    batch_id: str
    feed: str
    contract: str
    contract_version: str
    kind: Literal["delivery", "query", "replay"]
    source_file: str
    content_hash: str
    mapping_hash: str
    run_id: str
    ingested_at: datetime
    source_rows: int
    """Rows of the source; more than `rows_read` when the feed folds them into groups, or a replay folds its rows."""
    rows_read: int
    """Rows, or groups, found in the delivery: those the mapping's `where` left out, and the rest."""
    filtered: int
    rows_in: int
    accepted: int
    superseded: int
    duplicate: int
    quarantined: int
    reasons: dict[str, int] = {}
    """Quarantined rows by reason code."""
    source_columns: tuple[str, ...] = ()
    source_encoding: str = "utf-8"
    """What the quarantined lines were read with; bytes that it could not read stand as private-use characters."""
    watermark: str | None = None
    boundary_hashes: tuple[str, ...] = ()
    """Hashes of the rows that stand exactly on the watermark, so that they are not read twice."""

    @property
    def is_balanced(self) -> bool:
        """Tell whether every row ended exactly one way."""
        settled = self.accepted + self.superseded + self.duplicate + self.quarantined
        return (
            self.rows_in == settled
            and self.rows_read == self.rows_in + self.filtered
            and self.source_rows >= self.rows_read
        )

    def as_row(self) -> dict[str, Any]:
        """Return the manifest as a flat row for the operations store."""
        return self.model_dump(exclude={"reasons", "source_columns", "source_encoding", "boundary_hashes"})


class FileFailure(BaseModel):
    """A delivery that could not be landed as a whole; nothing of it is in the lake."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    feed: str
    contract: str
    source_file: str
    code: str
    message: str
    run_id: str
    content_hash: str | None = None


def write_manifest(folder: Path, manifest: BatchManifest) -> None:
    """Commit a batch."""
    write_text_atomic(folder / f"{manifest.batch_id}.json", manifest.model_dump_json(indent=1))


def read_manifests(folder: Path) -> list[BatchManifest]:
    """Return the manifests of a folder, by batch id."""
    return [
        BatchManifest.model_validate_json(file.read_text(encoding="utf-8"))
        for file in sorted(folder.glob("[!.]*.json"))
    ]
