"""Look at quarantined rows, each with its reason and its text, and land them again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.lake import Lake
from ingestion.problems import REASONS
from workspace.errors import ConfigError
from workspace.sql import connect, quote_literal

if TYPE_CHECKING:
    from ingestion.replaying import ReplayResult
    from workspace.runs import Run
    from workspace.workspace import Workspace


@dataclass(frozen=True)
class QuarantineGroup:
    """Rows quarantined for one reason in one batch."""

    contract: str
    feed: str
    batch_id: str
    source_file: str
    reason_code: str
    column_name: str | None
    open_rows: int
    resolved_rows: int

    @property
    def reason(self) -> str:
        """Return the reason in words."""
        return REASONS.get(self.reason_code, self.reason_code)


@dataclass(frozen=True)
class QuarantinedRow:
    """One quarantined row with the text that was delivered; the text holds personal data."""

    quarantine_id: str
    contract: str
    feed: str
    batch_id: str
    source_file: str
    source_row: int
    column_name: str | None
    reason_code: str
    raw_text: str
    raw_format: str
    """`line` (could not be split), `record` (JSON of the source columns), `json` (the delivered JSON) or `group` (a
    JSON list of the rows of a group)."""
    is_resolved: bool

    @property
    def reason(self) -> str:
        """Return the reason in words, with the column."""
        words = REASONS.get(self.reason_code, self.reason_code)
        return f"{self.column_name}: {words}" if self.column_name else words


def list_quarantine(
    ws: Workspace,
    *,
    feed: str | None = None,
    reason: str | None = None,
    contract: str | None = None,
    batch_id: str | None = None,
    ids: Iterable[str] | None = None,
    include_resolved: bool = False,
    limit: int | None = 100,
) -> list[QuarantinedRow]:
    """Return quarantined rows in the order of their files; `reason` is a reason code."""
    conditions = ["true"] if include_resolved else ["not is_resolved"]
    values: list[str | list[str]] = []
    for column, value in (("feed", feed), ("batch_id", batch_id), ("reason_code", reason)):
        if value is not None:
            conditions.append(f"{column} = ?")
            values.append(value)
    if ids is not None:
        conditions.append("list_contains(?, quarantine_id)")
        values.append(list(ids))
    rows: list[QuarantinedRow] = []
    for name in [contract] if contract else Lake(ws).contracts():
        left = None if limit is None else limit - len(rows)
        source = quarantine_sql(ws, name)
        if source is None or left == 0:
            continue
        with connect(ws) as con:
            found = con.execute(
                "select quarantine_id, contract, feed, batch_id, source_file, source_row, column_name, reason_code, "
                f"raw_text, raw_format, is_resolved from {source} where {' and '.join(conditions)} "
                f"order by feed, source_file, batch_id, source_row {'' if left is None else f'limit {int(left)}'}",
                values,
            ).fetchall()
        rows += [QuarantinedRow(*row) for row in found]
    return rows


def show_row(ws: Workspace, quarantine_id: str) -> QuarantinedRow:
    """Return one quarantined row with its text, resolved or not.

    Raises:
        ConfigError: there is no such row.
    """
    rows = list_quarantine(ws, ids=[quarantine_id], include_resolved=True, limit=1)
    if not rows:
        raise ConfigError(
            f"there is no quarantined row {quarantine_id!r}", hint="`unavista quarantine list` shows them"
        )
    return rows[0]


def summarise_quarantine(ws: Workspace, *, feed: str | None = None) -> list[QuarantineGroup]:
    """Return how many rows are quarantined and resolved, by batch, reason and column."""
    groups: list[QuarantineGroup] = []
    for name in Lake(ws).contracts():
        source = quarantine_sql(ws, name)
        if source is None:
            continue
        with connect(ws) as con:
            rows = con.execute(
                "select contract, feed, batch_id, source_file, reason_code, column_name, "
                "count(*) filter (not is_resolved), count(*) filter (is_resolved) "
                f"from {source} where feed = coalesce(?, feed) "
                "group by all order by feed, source_file, batch_id, reason_code, column_name nulls first",
                [feed],
            ).fetchall()
        groups += [QuarantineGroup(*row) for row in rows]
    return groups


def replay(
    ws: Workspace,
    run: Run,
    *,
    feed: str | None = None,
    ids: Iterable[str] | None = None,
    corrections: Path | None = None,
) -> ReplayResult:
    """Land open quarantined rows again with today's mapping, or as corrected in a file of rows.

    See `ingestion.replaying`.
    """
    from ingestion.replaying import replay_rows

    return replay_rows(ws, run, feed=feed, ids=ids, corrections=corrections)


def quarantine_sql(ws: Workspace, contract: str) -> str | None:
    """Return SQL for the committed quarantined rows of a contract with `is_resolved`; None when there are none."""
    lake = Lake(ws)
    manifests = lake.manifests(contract)
    rejected = [lake.quarantine_file(contract, one.batch_id) for one in manifests if one.quarantined]
    if not rejected:
        return None
    resolved = [lake.resolved_file(contract, one.batch_id) for one in manifests if one.kind == "replay"]
    ids = f"select quarantine_id from read_parquet({_list(resolved)})" if resolved else "select '' where false"
    return (
        f"(select *, quarantine_id in ({ids}) as is_resolved from "
        f"read_parquet({_list(rejected)}, hive_partitioning = false))"
    )


def _list(files: list[Path]) -> str:
    return "[" + ", ".join(quote_literal(file) for file in files) + "]"


def export_quarantine(ws: Workspace, target: str, *, feed: str | None = None) -> Path:
    """Write open rows as JSON lines to mend by hand and to give to `replay` as corrections.

    A line has `quarantine_id`, the reason, and either `record`, the row to correct, or `raw_text` when the row could
    not be split. The file holds personal data and stays in the workspace.

    Raises:
        ConfigError: there is nothing to export, or the target leaves the workspace.
    """
    path = ws.resolve_inside(target)
    rows = list_quarantine(ws, feed=feed, limit=None)
    if not rows:
        raise ConfigError("no open row is quarantined" + (f" for {feed}" if feed else ""))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as out:
        for row in rows:
            text = {"raw_text": row.raw_text} if row.raw_format == "line" else {"record": json.loads(row.raw_text)}
            line = {"quarantine_id": row.quarantine_id, "reason": row.reason} | text
            out.write(json.dumps(line, ensure_ascii=False) + "\n")
    return path
