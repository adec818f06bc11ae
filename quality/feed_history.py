"""Hold a feed against its own history: is this delivery as large as usual, and is it as fresh as promised?"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING

from quality.results import CheckResult
from workspace.sql import connect, quote_identifier, quote_literal

if TYPE_CHECKING:
    from data_contracts.loader import Contract
    from ingestion.lake import Lake
    from ingestion.manifest import BatchManifest
    from workspace.runs import Run
    from workspace.workspace import Workspace

_ENOUGH_HISTORY = 3
_HISTORY = 20
_UNITS = {"m": 1, "minute": 1, "minutes": 1, "h": 60, "hour": 60, "hours": 60, "d": 1440, "day": 1440, "days": 1440}


def volume(ws: Workspace, run: Run, contract: Contract, manifests: list[BatchManifest]) -> list[CheckResult]:
    """Compare each feed's rows of this run with the median of its earlier runs, from three of them on (a warning).

    The limits are the gate's volume limits in workspace.yml.
    """
    found = []
    for feed in sorted({one.feed for one in manifests if one.kind != "replay"}):
        by_run: dict[tuple[datetime, str], int] = {}
        for one in manifests:
            if one.feed == feed and one.kind != "replay":
                moment = (one.ingested_at, one.run_id)
                by_run[moment] = by_run.get(moment, 0) + one.rows_in
        now = sum(rows for (_, run_id), rows in by_run.items() if run_id == run.run_id)
        earlier = [rows for (_, run_id), rows in sorted(by_run.items()) if run_id != run.run_id][-_HISTORY:]
        if now and len(earlier) >= _ENOUGH_HISTORY:
            found.append(_compare(ws, contract, feed, now, median(earlier)))
    return found


def _compare(ws: Workspace, contract: Contract, feed: str, now: int, usual: float) -> CheckResult:
    gates = ws.settings.gates
    low = usual * (1 - float(gates.max_volume_drop_percent) / 100)
    high = usual * (1 + float(gates.max_volume_growth_percent) / 100)
    result = CheckResult(
        "feed",
        f"feeds/{contract.name}",
        "volume",
        severity="warning",
        observed=f"{now:,} rows",
        expected=f"{low:,.0f} to {high:,.0f} rows",
        checked_count=now,
    )
    if low <= now <= high:
        return result
    return replace(
        result,
        outcome="fail",
        message=f"{result.subject}: feed {feed} brought {now:,} rows; its earlier runs brought {usual:,.0f} (median)",
    )


def freshness(ws: Workspace, run: Run, contract: Contract, lake: Lake) -> list[CheckResult]:
    """Compare the newest event in the lake with the contract's promise of freshness, if it makes one (a warning)."""
    limit = _promised_age(contract)
    name = contract.event_time_column or contract.version_column
    if limit is None or name is None:
        return []
    with connect(ws) as con:
        newest = con.execute(
            f"select max({quote_identifier(name)}) from "
            f"read_parquet({quote_literal(lake.glob(contract.name))}, hive_partitioning = false)"
        ).fetchall()[0][0]
    if newest is None:
        return []
    moment = newest if isinstance(newest, datetime) else datetime.combine(newest, datetime.min.time())
    age = run.as_of_naive - moment
    result = CheckResult(
        "feed",
        f"feeds/{contract.name}",
        "freshness",
        severity="warning",
        observed=_in_words(age),
        expected=f"at most {_in_words(limit)}",
    )
    if age <= limit:
        return [result]
    message = f"{result.subject}: the newest row is {_in_words(age)} old; the contract promises {_in_words(limit)}"
    return [replace(result, outcome="fail", message=message)]


def _promised_age(contract: Contract) -> timedelta | None:
    for level in contract.service_levels:
        if level.get("property") in ("freshness", "latency") and str(level.get("unit", "d")) in _UNITS:
            return timedelta(minutes=float(level["value"]) * _UNITS[str(level.get("unit", "d"))])
    return None


def _in_words(age: timedelta) -> str:
    hours = age.total_seconds() / 3600
    return f"{hours:.0f} h" if abs(hours) < 72 else f"{hours / 24:.0f} days"
