"""Turn results of the rooms into what the Dagster UI shows: counts that plot over time, tables, links. Never PII."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

if TYPE_CHECKING:
    from quality.results import CheckResult


def markdown_table(rows: Sequence[Mapping[str, Any]]) -> dg.MarkdownMetadataValue:
    """Render rows of one shape as a Markdown table."""
    if not rows:
        return dg.MetadataValue.md("nothing to show")
    header = list(rows[0])
    lines = [" | ".join(header), " | ".join("---" for _ in header)]
    lines += [" | ".join(_cell(row.get(name)) for name in header) for row in rows]
    return dg.MetadataValue.md("\n".join(f"| {line} |" for line in lines))


def _cell(value: Any) -> str:
    return "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")


def numbers(values: Mapping[str, float | int | None]) -> dict[str, dg.MetadataValue[Any]]:
    """Return numeric metadata, which the UI plots from run to run."""
    return {
        name: dg.MetadataValue.int(value) if isinstance(value, int) else dg.MetadataValue.float(float(value))
        for name, value in values.items()
        if value is not None
    }


def file_link(path: Path) -> dg.PathMetadataValue:
    """Return a path that the UI offers to copy."""
    return dg.MetadataValue.path(str(path))


def check_result(
    asset_key: dg.AssetKey, check_name: str, results: Iterable[CheckResult], *, report: Path | None = None
) -> dg.AssetCheckResult:
    """Fold the checks of one subject into one Dagster check, failures first in its table."""
    ordered = sorted(results, key=lambda result: (result.status == "pass", result.status == "warn", result.name))
    failed = [result for result in ordered if result.status in ("fail", "error")]
    warned = [result for result in ordered if result.status == "warn"]
    rows = [
        {"check": r.name, "status": r.status, "observed": r.observed, "expected": r.expected, "why": r.message}
        for r in ordered
    ]
    metadata: dict[str, Any] = {
        "checks_failed": len(failed),
        "checks_warned": len(warned),
        "checks": markdown_table(rows),
    }
    if report is not None:
        metadata["report"] = dg.MetadataValue.url(report.as_uri())
    return dg.AssetCheckResult(
        passed=not failed and not warned,
        asset_key=asset_key,
        check_name=check_name,
        severity=dg.AssetCheckSeverity.ERROR if failed else dg.AssetCheckSeverity.WARN,
        metadata=metadata,
        description="; ".join(result.message or result.name for result in (failed or warned)[:5]) or None,
    )
