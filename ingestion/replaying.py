"""Land quarantined rows again, with today's mapping or corrected by hand; each row counts once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from data_contracts.loader import load_contract
from ingestion.batches import conform, land
from ingestion.corrections import Correction, read_corrections
from ingestion.feeds import Feed, load_feeds
from ingestion.lake import Lake
from ingestion.landing import LandingResult
from ingestion.manifest import Batch
from ingestion.problems import FileProblem
from ingestion.quarantine import QuarantinedRow, list_quarantine
from ingestion.replayed_rows import replay_stage, row_objects
from ingestion.workbench import Workbench, workbench
from workspace.errors import ConfigError
from workspace.sql import quote_literal

if TYPE_CHECKING:
    from workspace.runs import Run
    from workspace.workspace import Workspace


@dataclass
class ReplayResult(LandingResult):
    """What a replay did; `batches` holds one batch for each feed of which rows became good."""

    remaining: int = 0
    """Replayed rows that are still not right and stay in quarantine."""
    reasons: dict[str, int] = field(default_factory=dict)
    """Why they are still not right, as `reason|column`."""

    @property
    def resolved(self) -> int:
        """Return how many rows left the quarantine."""
        return self.total("source_rows")


def replay_rows(
    ws: Workspace,
    run: Run,
    *,
    feed: str | None = None,
    ids: Iterable[str] | None = None,
    corrections: Path | None = None,
) -> ReplayResult:
    """Land open quarantined rows again with today's mapping.

    With `corrections` only the rows of that file are replayed, as corrected there; a row that is resolved already is
    left alone, so that the same file can be given twice. Rows that are right now land as one batch for each feed and
    are marked resolved; the others stay as they are.

    Raises:
        ConfigError: the file of corrections is not readable, or a row asked for never was in quarantine.
    """
    feeds = {one.name: one for one in load_feeds(ws)}
    corrected = read_corrections(corrections) if corrections else {}
    wanted = set(ids) if ids is not None else None
    if corrections:
        wanted = set(corrected) if wanted is None else wanted & set(corrected)
    for name in sorted({one.config.contract for one in feeds.values()}):
        Lake(ws).recover(name)
    rows = list_quarantine(ws, feed=feed, ids=wanted, include_resolved=True, limit=None)
    unknown = (wanted or set()) - {row.quarantine_id for row in rows}
    if unknown:
        raise ConfigError(
            f"{len(unknown)} of the rows asked for were never quarantined{f' for {feed}' if feed else ''}, "
            f"for example {min(unknown)}",
            hint="`unavista quarantine list` shows their ids",
        )
    still_open = [row for row in rows if not row.is_resolved]
    result = ReplayResult("")
    for name in sorted({row.feed for row in still_open}):
        mine = [row for row in still_open if row.feed == name]
        if name in feeds:
            _replay_feed(ws, run, feeds[name], mine, corrected, result)
        else:
            _count(result, "feed_removed|", len(mine))
    return result


def _replay_feed(  # noqa: PLR0917
    ws: Workspace,
    run: Run,
    feed: Feed,
    rows: list[QuarantinedRow],
    corrections: dict[str, Correction],
    result: ReplayResult,
) -> None:
    contract = load_contract("feeds", feed.config.contract, ws)
    manifests = {one.batch_id: one for one in Lake(ws).manifests(contract.name)}
    texts = [(row, row_objects(row, feed, manifests[row.batch_id], corrections.get(row.quarantine_id))) for row in rows]
    digest = hashlib.sha256(f"replay\x1f{feed.name}\x1f{feed.mapping_hash}".encode())
    for row, parts in texts:
        digest.update(f"\x1f{row.quarantine_id}\x1f{json.dumps(parts)}".encode())
    batch = Batch(digest.hexdigest()[:16], feed, contract, "replay", "replay", digest.hexdigest())
    names = list(dict.fromkeys(name for row in rows for name in manifests[row.batch_id].source_columns))
    with workbench(ws, run, f"{contract.name}-{batch.batch_id}") as bench:
        try:
            conformed = conform(bench, batch, replay_stage(bench, feed, texts, names))
        except FileProblem as problem:
            _count(result, f"{problem.code}|", len(rows))
            return
        if conformed is None:
            raise FileProblem("unreadable", "the quarantined rows could not be read back")
        resolved = 0
        manifest = land(bench, batch, conformed)
        if manifest is not None:
            result.batches.append(manifest)
            resolved = manifest.source_rows
        _count_problems(bench, conformed.path, len(rows) - resolved, result)


def _count_problems(bench: Workbench, conformed: Path, remaining: int, result: ReplayResult) -> None:
    """Count why rows remain; a group counts once in the reasons, however many quarantined rows it has."""
    problems = bench.con.execute(
        "select coalesce(__problem, 'split_group|'), count(*) from "
        f"read_parquet({quote_literal(conformed)}, file_row_number = true) as rows where "
        "(__problem is not null and __problem <> 'filtered') or exists (select 1 from contested where "
        "contested.position = rows.file_row_number and contested.outcome = 'split') group by 1 order by 1"
    ).fetchall()
    result.remaining += remaining
    for problem, count in problems:
        result.reasons[problem] = result.reasons.get(problem, 0) + count


def _count(result: ReplayResult, reason: str, count: int) -> None:
    result.remaining += count
    result.reasons[reason] = result.reasons.get(reason, 0) + count
