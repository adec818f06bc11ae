"""The lake: where batches stand, which of them count, and whether every row is accounted for."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from data_contracts.lineage import LINEAGE_COLUMNS
from ingestion.manifest import BatchManifest, FileFailure, read_manifests
from workspace.atomic import replace_dir, write_text_atomic
from workspace.sql import connect, quote_identifier, quote_literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from data_contracts.loader import Contract
    from workspace.workspace import Workspace

EMPTY_BATCH = "empty"


@dataclass(frozen=True)
class Balance:
    """What came in and what became of it, for one contract over all batches.

    Replays bring no rows in: a replayed row leaves the quarantine and counts where it went.
    """

    contract: str
    rows_read: int
    filtered: int
    rows_in: int
    accepted: int
    superseded: int
    duplicate: int
    quarantined: int
    """Rows that stand in quarantine today."""
    lake_rows: int

    @property
    def is_true(self) -> bool:
        """Tell whether rows in equal rows settled, and the lake holds what the manifests say."""
        settled = self.accepted + self.superseded + self.duplicate + self.quarantined
        return (
            self.rows_in == settled
            and self.rows_read == self.rows_in + self.filtered
            and self.lake_rows == self.accepted + self.superseded
        )


class Lake:
    """Paths and records of a workspace's lake."""

    def __init__(self, ws: Workspace) -> None:
        self._ws = ws
        self.root = ws.lake

    def batch_folder(self, contract: str, batch_id: str) -> Path:
        """Return the folder of one batch's rows."""
        return self.root / contract / f"batch={batch_id}"

    def glob(self, contract: str) -> str:
        """Return the pattern of every Parquet file of a contract; read it with hive_partitioning = false."""
        return str(self.root / contract / "batch=*" / "*.parquet")

    def manifest_folder(self, contract: str) -> Path:
        """Return the folder of a contract's manifests."""
        return self.root / "manifest" / contract

    def quarantine_file(self, contract: str, batch_id: str) -> Path:
        """Return the file of one batch's rejected rows."""
        return self.root / "quarantine" / contract / f"batch={batch_id}.parquet"

    def resolved_file(self, contract: str, batch_id: str) -> Path:
        """Return the file that names the quarantined rows which a replay batch landed."""
        return self.root / "quarantine" / contract / "resolved" / f"batch={batch_id}.parquet"

    def scratch(self, name: str) -> Path:
        """Return an empty folder for work in progress, on the lake's own file system."""
        folder = self.root / ".work" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def row_files(self, contract: str) -> list[Path]:
        """Return the files that hold the rows of a contract's batches."""
        files = (self.root / contract).glob("batch=*/part-0.parquet")
        return sorted(file for file in files if file.parent.name != f"batch={EMPTY_BATCH}")

    def manifests(self, contract: str) -> list[BatchManifest]:
        """Return the manifests of a contract, by batch id."""
        return read_manifests(self.manifest_folder(contract))

    def record_failures(self, contract: str, failures: list[FileFailure]) -> None:
        """Keep the deliveries that the last landing could not read, for the checks; none clears the record."""
        file = self.root / "failures" / f"{contract}.json"
        if failures:
            write_text_atomic(file, json.dumps([one.model_dump() for one in failures], indent=1))
        else:
            file.unlink(missing_ok=True)

    def failures(self, contract: str) -> list[FileFailure]:
        """Return the deliveries that the last landing of a contract could not read."""
        file = self.root / "failures" / f"{contract}.json"
        if not file.exists():
            return []
        return [FileFailure.model_validate(one) for one in json.loads(file.read_text(encoding="utf-8"))]

    def contracts(self) -> list[str]:
        """Return the contracts that the lake knows."""
        folders = self.root.glob(f"*/batch={EMPTY_BATCH}")
        return sorted(folder.parent.name for folder in folders)

    def ensure_empty(self, contract: Contract) -> None:
        """Make sure that `batch=empty` exists with today's columns: a feed nobody has is a typed, empty table."""
        target = self.batch_folder(contract.name, EMPTY_BATCH)
        with connect(self._ws) as con:
            if (target / "part-0.parquet").exists() and _columns(con, target / "part-0.parquet") == _wanted(contract):
                return
            folder = self.scratch(f"{contract.name}-{EMPTY_BATCH}")
            fields = ", ".join(
                f"cast(null as {kind}) as {quote_identifier(name)}" for name, kind in _wanted(contract).items()
            )
            con.execute(
                f"copy (select {fields} where false) to {quote_literal(folder / 'part-0.parquet')} "
                "(format parquet, compression zstd)"
            )
        replace_dir(folder, target)

    def recover(self, contract: str) -> list[str]:
        """Remove what a crash left without manifest, and return the batch ids removed."""
        known = {manifest.batch_id for manifest in self.manifests(contract)} | {EMPTY_BATCH}
        left: set[str] = set()
        for folder in (self.root / contract).glob("batch=*"):
            if folder.name.removeprefix("batch=") not in known:
                left.add(folder.name.removeprefix("batch="))
                shutil.rmtree(folder)
        quarantine = self.root / "quarantine" / contract
        for file in [*quarantine.glob("batch=*.parquet"), *quarantine.glob("resolved/batch=*.parquet")]:
            if file.stem.removeprefix("batch=") not in known:
                left.add(file.stem.removeprefix("batch="))
                file.unlink()
        for folder in (self.root / ".work").glob(f"{contract}-*"):
            shutil.rmtree(folder, ignore_errors=True)
        return sorted(left)

    def balance(self, contract: str) -> Balance:
        """Return the balance of a contract over all its batches."""
        manifests = self.manifests(contract)
        brought = [one for one in manifests if one.kind != "replay"]
        replayed = [one for one in manifests if one.kind == "replay"]
        dropped = sum(one.filtered for one in replayed)
        # a replayed row that joined a group of other replayed rows is settled with them, as one row
        joined = sum(one.source_rows - one.rows_read for one in replayed)
        with connect(self._ws) as con:
            row = con.execute(
                f"select count(*) from read_parquet({quote_literal(self.glob(contract))}, hive_partitioning = false)"
            ).fetchall()[0]
        return Balance(
            contract=contract,
            rows_read=sum(one.rows_read for one in brought) - joined,
            filtered=sum(one.filtered for one in brought) + dropped,
            rows_in=sum(one.rows_in for one in brought) - dropped - joined,
            accepted=sum(one.accepted for one in manifests),
            superseded=sum(one.superseded for one in manifests),
            duplicate=sum(one.duplicate for one in manifests),
            quarantined=sum(one.quarantined for one in brought) - sum(one.source_rows for one in replayed),
            lake_rows=int(row[0]),
        )


def _wanted(contract: Contract) -> dict[str, str]:
    return {column.name: column.physical_type for column in contract.columns} | dict(LINEAGE_COLUMNS)


def _columns(con: DuckDBPyConnection, file: Path) -> dict[str, str]:
    # The folder's name would be taken for a column.
    source = f"read_parquet({quote_literal(file)}, hive_partitioning = false)"
    rows = con.execute(f"describe select * from {source}").fetchall()
    return {name: kind for name, kind, *_ in rows}
