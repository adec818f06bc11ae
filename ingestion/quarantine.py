"""Look at quarantined rows: how many and why, and each with its text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.lake import Lake
from ingestion.problems import REASONS
from workspace.errors import ConfigError
from workspace.sql import connect, quote_literal

if TYPE_CHECKING:
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
    """`line` (could not be split), `record` (JSON of the source columns) or `json` (the delivered JSON)."""
    is_resolved: bool

    @property
    def reason(self) -> str:
        """Return the reason in words, with the column."""
        words = REASONS.get(self.reason_code, self.reason_code)
        return f"{self.column_name}: {words}" if self.column_name else words


def list_quarantine(ws: Workspace, contract: str | None = None) -> list[QuarantineGroup]:
    """Return how many rows are quarantined and resolved, by batch, reason and column."""
    groups: list[QuarantineGroup] = []
    for name in [contract] if contract else Lake(ws).contracts():
        source = quarantine_sql(ws, name)
        if source is None:
            continue
        with connect(ws) as con:
            rows = con.execute(
                "select contract, feed, batch_id, source_file, reason_code, column_name, "
                "count(*) filter (not is_resolved), count(*) filter (is_resolved) "
                f"from {source} group by all order by feed, source_file, batch_id, reason_code, column_name nulls first"
            ).fetchall()
        groups += [QuarantineGroup(*row) for row in rows]
    return groups


def show_quarantine(
    ws: Workspace,
    contract: str,
    *,
    feed: str | None = None,
    batch_id: str | None = None,
    reason_code: str | None = None,
    quarantine_ids: list[str] | None = None,
    include_resolved: bool = False,
    limit: int | None = 20,
) -> list[QuarantinedRow]:
    """Return quarantined rows in the order of their files."""
    source = quarantine_sql(ws, contract)
    if source is None:
        return []
    conditions, values = ["true"], []
    for column, value in (("feed", feed), ("batch_id", batch_id), ("reason_code", reason_code)):
        if value is not None:
            conditions.append(f"{column} = ?")
            values.append(value)
    if quarantine_ids is not None:
        conditions.append("list_contains(?, quarantine_id)")
        values.append(quarantine_ids)
    if not include_resolved:
        conditions.append("not is_resolved")
    with connect(ws) as con:
        rows = con.execute(
            "select quarantine_id, contract, feed, batch_id, source_file, source_row, column_name, reason_code, raw_text, "
            f"raw_format, is_resolved from {source} where {' and '.join(conditions)} "
            f"order by feed, source_file, batch_id, source_row {f'limit {int(limit)}' if limit is not None else ''}",
            values,
        ).fetchall()
    return [QuarantinedRow(*row) for row in rows]


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


def export_quarantine(ws: Workspace, contract: str, target: str, *, feed: str | None = None) -> Path:
    """Write open rows as JSON lines to mend by hand: `quarantine_id`, the reason, and `record`, the row to correct.

    A row that could not be split has its text under `raw_text` and an empty record to fill in. The file holds personal
    data and stays in the workspace.

    Raises:
        ConfigError: there is nothing to export, or the target leaves the workspace.
    """
    import json

    path = ws.resolve_inside(target)
    rows = show_quarantine(ws, contract, feed=feed, limit=None)
    if not rows:
        raise ConfigError(f"no open row is quarantined for {contract}")
    columns = {one.batch_id: one.source_columns for one in Lake(ws).manifests(contract)}
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as out:
        for row in rows:
            split = row.raw_format != "line"
            record = json.loads(row.raw_text) if split else dict.fromkeys(columns.get(row.batch_id, ()), None)
            line = {"quarantine_id": row.quarantine_id, "reason": row.reason, "record": record}
            out.write(json.dumps(line if split else line | {"raw_text": row.raw_text}, ensure_ascii=False) + "\n")
    return path
