"""Land what is new of a contract: every delivery once, each as one batch."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_contracts.loader import load_contract
from ingestion.batches import conform, land
from ingestion.connectors.archives import Limits
from ingestion.connectors.files import Delivery, find_deliveries
from ingestion.feeds import Feed, FileSource, load_feeds
from ingestion.lake import Lake
from ingestion.manifest import Batch, BatchManifest, FileFailure
from ingestion.problems import FileProblem
from ingestion.staging import Stage, parquet_stage
from ingestion.text_files import write_normalised
from ingestion.text_stages import csv_stage, json_stage, recovered_csv_stage, recovered_json_stage
from ingestion.workbench import Workbench, workbench
from workspace.atomic import write_text_atomic
from workspace.messages import is_sent_by

if TYPE_CHECKING:
    from data_contracts.loader import Contract
    from ingestion.quarantine_files import Conformed
    from workspace.runs import Run
    from workspace.workspace import Workspace


@dataclass(frozen=True)
class Skipped:
    """A delivery whose content stands in the lake already, perhaps under another name."""

    feed: str
    source_file: str
    batch_id: str
    landed_as: str


@dataclass
class LandingResult:
    """What one landing did for a contract."""

    contract: str
    batches: list[BatchManifest] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    failures: list[FileFailure] = field(default_factory=list)
    recovered: list[str] = field(default_factory=list)
    """Batches that a crash had left without manifest, removed before landing."""
    outdated: list[str] = field(default_factory=list)
    """Batches landed with another mapping than today's; they stay as they are until `reland`."""

    def total(self, name: str) -> int:
        """Return the sum of one manifest count over the new batches, for example `accepted`."""
        return sum(getattr(one, name) for one in self.batches)

    @property
    def counts(self) -> dict[str, int]:
        """Return what the landing did, in numbers."""
        names = (
            "source_rows",
            "rows_read",
            "filtered",
            "rows_in",
            "accepted",
            "superseded",
            "duplicate",
            "quarantined",
        )
        return {
            "batches": len(self.batches),
            "files_skipped": len(self.skipped),
            "files_failed": len(self.failures),
            "batches_outdated": len(self.outdated),
        } | {name: self.total(name) for name in names}

    def batch_rows(self) -> list[dict[str, Any]]:
        """Return the new batches as rows of a table, without personal data."""
        names = ("batch_id", "feed", "source_file", "rows_in", "accepted", "superseded", "duplicate", "quarantined")
        return [{name: getattr(one, name) for name in names} for one in self.batches]

    @property
    def is_balanced(self) -> bool:
        """Tell whether every row of every new batch ended exactly one way."""
        return all(one.is_balanced for one in self.batches)


def land_contract(ws: Workspace, run: Run, contract_name: str) -> LandingResult:
    """Land all new deliveries of all feeds of a contract; what is there already is left alone.

    A delivery that cannot be read is reported in `failures` and tried again next time; the others land. What the run
    itself sent is left to a later one. The empty batch exists afterwards in any case.

    Raises:
        ConfigError: a feed configuration is wrong; nothing is landed then.
    """
    contract = load_contract("feeds", contract_name, ws)
    feeds = load_feeds(ws, contract_name)
    lake = Lake(ws)
    result = LandingResult(contract_name, recovered=lake.recover(contract_name))
    lake.ensure_empty(contract)
    for feed in feeds:
        if isinstance(feed.config.source, FileSource):
            _land_files(ws, run, feed, contract, result)
        else:
            from ingestion.query_landing import land_query

            land_query(ws, run, feed, contract, result)
    lake.record_failures(contract_name, result.failures)
    hashes = {feed.name: feed.mapping_hash for feed in feeds}
    result.outdated = [
        one.batch_id
        for one in lake.manifests(contract_name)
        if one.kind != "replay" and hashes.get(one.feed, one.mapping_hash) != one.mapping_hash
    ]
    return result


def batch_id_of(feed: Feed, content_hash: str) -> str:
    """Return the id of a delivery's batch: the same content of the same feed is the same batch, whatever its name.

    Neither the mapping nor the contract version is part of it: a run repeated after a crash finds the same id, and a
    changed mapping does not silently land everything again; `reland` does so on purpose.
    """
    return hashlib.sha256(f"{feed.name}\x1f{content_hash}".encode()).hexdigest()[:16]


def _land_files(ws: Workspace, run: Run, feed: Feed, contract: Contract, result: LandingResult) -> None:
    lake = Lake(ws)
    deliveries, broken = find_deliveries(ws, feed.file_source)
    for name, problem in broken:
        result.failures.append(_failure(run, feed, name, problem, None))
    seen = _SeenFiles(lake.root / "deliveries" / f"{feed.name}.json")
    landed = {one.batch_id: one for one in lake.manifests(contract.name) if one.feed == feed.name}
    for delivery in deliveries:
        if is_sent_by(run, delivery.name):
            continue
        try:
            content_hash = seen.hash_of(delivery)
        except FileProblem as problem:
            result.failures.append(_failure(run, feed, delivery.name, problem, None))
            continue
        batch_id = batch_id_of(feed, content_hash)
        if batch_id in landed:
            result.skipped.append(Skipped(feed.name, delivery.name, batch_id, landed[batch_id].source_file))
            continue
        batch = Batch(batch_id, feed, contract, "delivery", delivery.name, content_hash)
        try:
            manifest = _land_delivery(ws, run, batch, delivery)
        except FileProblem as problem:
            result.failures.append(_failure(run, feed, delivery.name, problem, content_hash))
            continue
        landed[batch_id] = manifest
        result.batches.append(manifest)
    seen.save()


def _failure(run: Run, feed: Feed, name: str, problem: FileProblem, content_hash: str | None) -> FileFailure:
    return FileFailure(
        feed=feed.name,
        contract=feed.config.contract,
        source_file=name,
        code=problem.code,
        message=problem.message,
        run_id=run.run_id,
        content_hash=content_hash,
    )


def _land_delivery(ws: Workspace, run: Run, batch: Batch, delivery: Delivery) -> BatchManifest:
    with workbench(ws, run, f"{batch.contract.name}-{batch.batch_id}") as bench:
        conformed = stage_delivery(bench, batch, delivery)
        delivery.require_unchanged()
        manifest = land(bench, batch, conformed)
        if manifest is None:
            raise RuntimeError("a delivery always makes a batch")
        return manifest


def stage_delivery(bench: Workbench, batch: Batch, delivery: Delivery) -> Conformed:
    """Read a delivery into conformed rows; a text file that is not plain is read again line by line.

    Raises:
        FileProblem: the delivery cannot be read as a whole.
    """
    source, settings = batch.feed.file_source, bench.ws.settings.ingestion
    limits = Limits(int(settings.max_uncompressed_gigabytes * 1e9), settings.max_compression_ratio)
    if source.format == "parquet":
        conformed = conform(bench, batch, _parquet(bench, delivery, limits))
        if conformed is None:
            raise FileProblem("unreadable", "the Parquet file is damaged; ask for a new delivery")
        return conformed
    text = bench.folder / "text"
    shape = write_normalised(delivery.read(limits), text, source.encoding, skip_lines=source.skip_lines)
    longest = settings.max_line_bytes
    stage: Stage | None
    if source.format == "csv":
        stage = csv_stage(text, shape, source, longest)
    else:
        stage = json_stage(text, shape, batch.feed, longest)
    conformed = conform(bench, batch, stage) if stage else None
    if conformed:
        return conformed
    if source.format == "csv":
        stage = recovered_csv_stage(text, source, bench.folder, longest)
    else:
        stage = recovered_json_stage(text, batch.feed, bench.folder, longest)
    conformed = conform(bench, batch, stage)
    if conformed is None:
        raise FileProblem("unreadable", "the file cannot be split into rows: check `delimiter`, `quote` and `encoding`")
    return conformed


def _parquet(bench: Workbench, delivery: Delivery, limits: Limits) -> Stage:
    import duckdb

    local = bench.folder / "delivered.parquet"
    with local.open("wb") as out:
        for chunk in delivery.read(limits):
            out.write(chunk)
    try:
        return parquet_stage(bench.con, local)
    except duckdb.Error:
        raise FileProblem("unreadable", "not a complete Parquet file; ask for a new delivery") from None


class _SeenFiles:
    """Content hashes of files by name and stamp: a cache that spares reading what has not changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._known: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            self._known = {}
        self._now: dict[str, list[str]] = {}

    def hash_of(self, delivery: Delivery) -> str:
        """Return the content hash, from the cache when the file's stamp is the one it was hashed with."""
        stamp, content_hash = self._known.get(delivery.name, ["", ""])
        if not delivery.stamp or stamp != delivery.stamp:
            content_hash = delivery.content_hash()
        self._now[delivery.name] = [delivery.stamp, content_hash]
        return content_hash

    def save(self) -> None:
        """Store what was seen in this landing, when it differs from what was known."""
        if self._now != self._known:
            write_text_atomic(self._path, json.dumps(self._now, indent=0, sort_keys=True))
