"""Land batches again whose feed is mapped differently today."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingestion.connectors.files import find_deliveries
from ingestion.feeds import Feed, FileSource, load_feeds
from ingestion.lake import Lake
from ingestion.landing import LandingResult, batch_id_of, land_contract
from ingestion.problems import FileProblem
from workspace.sql import connect, quote_literal

if TYPE_CHECKING:
    from ingestion.manifest import BatchManifest
    from workspace.runs import Run
    from workspace.workspace import Workspace


@dataclass
class RelandResult:
    """What was landed again, and what could not be."""

    landing: LandingResult
    kept: dict[str, str] = field(default_factory=dict)
    """Outdated batches that stay as they are, each with the reason."""


def reland(ws: Workspace, run: Run, contract_name: str) -> RelandResult:
    """Land the outdated batches of a contract with today's mapping, from the files that are still there.

    A batch is taken back by removing its manifest, after which it counts as never landed: whatever happens then, the
    next landing brings its file in with today's mapping. A row that was left out elsewhere as a repeat must not vanish
    with the one it repeated, so every batch that left out repeats is landed again with the others; when one of those
    cannot be, nothing is.

    A batch whose quarantined rows were replayed stays, because corrections by hand would be lost; so does the result of
    a query, because the database may not hold the old rows any more; and a batch whose file is gone.

    Raises:
        ConfigError: a feed configuration is wrong; nothing is changed then.
    """
    lake, feeds = Lake(ws), {one.name: one for one in load_feeds(ws, contract_name)}
    lake.recover(contract_name)
    manifests = lake.manifests(contract_name)
    hashes = {name: feed.mapping_hash for name, feed in feeds.items()}
    outdated = [
        one for one in manifests if one.kind != "replay" and hashes.get(one.feed, one.mapping_hash) != one.mapping_hash
    ]
    reasons = _reasons_to_keep(ws, lake, contract_name, feeds)
    kept = {one.batch_id: reasons[one.batch_id] for one in outdated if one.batch_id in reasons}
    again = {one.batch_id for one in outdated} - kept.keys()
    repeating = {one.batch_id for one in manifests if one.duplicate} - again if again else set()
    stuck = sorted(batch for batch in repeating if batch in reasons)
    if stuck:
        why = f"batch {stuck[0]} left out repeats and cannot be landed again: {reasons[stuck[0]]}"
        kept |= dict.fromkeys(again, why)
        again, repeating = set(), set()
    for batch_id in sorted(again | repeating):
        (lake.manifest_folder(contract_name) / f"{batch_id}.json").unlink()
    return RelandResult(land_contract(ws, run, contract_name), kept)


def _reasons_to_keep(ws: Workspace, lake: Lake, contract_name: str, feeds: dict[str, Feed]) -> dict[str, str]:
    """Return why a batch cannot be landed again, for each batch that cannot."""
    manifests, reasons = lake.manifests(contract_name), {}
    replayed = _replayed_batches(lake, manifests)
    there = {name: _batches_there(ws, feed) for name, feed in feeds.items()}
    for one in manifests:
        if one.kind == "replay":
            reasons[one.batch_id] = "it holds replayed rows"
        elif one.batch_id in replayed:
            reasons[one.batch_id] = "quarantined rows of it were replayed, perhaps corrected by hand"
        elif one.kind == "query":
            reasons[one.batch_id] = "the database may not hold its rows any more"
        elif one.batch_id not in there.get(one.feed, set()):
            reasons[one.batch_id] = f"its file {one.source_file} is not there any more"
    return reasons


def _batches_there(ws: Workspace, feed: Feed) -> set[str]:
    if not isinstance(feed.config.source, FileSource):
        return set()
    found: set[str] = set()
    for delivery in find_deliveries(ws, feed.config.source)[0]:
        try:
            found.add(batch_id_of(feed, delivery.content_hash()))
        except FileProblem:
            continue
    return found


def _replayed_batches(lake: Lake, manifests: list[BatchManifest]) -> set[str]:
    files = [lake.resolved_file(one.contract, one.batch_id) for one in manifests if one.kind == "replay"]
    if not files:
        return set()
    listed = "[" + ", ".join(quote_literal(file) for file in files) + "]"
    with connect() as con:
        rows = con.execute(
            f"select distinct split_part(quarantine_id, '-', 1) from read_parquet({listed}, hive_partitioning = false)"
        ).fetchall()
    return {row[0] for row in rows}
