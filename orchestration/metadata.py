"""Turn results of the rooms into what the Dagster UI shows: counts that plot over time, tables, links. Never PII."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

if TYPE_CHECKING:
    from quality.report_identity import Line
    from quality.results import CheckResult


def markdown_table(rows: Sequence[Mapping[str, Any]], *, empty: str = "nothing to show") -> dg.MarkdownMetadataValue:
    """Render rows of one shape as a Markdown table."""
    if not rows:
        return dg.MetadataValue.md(empty)
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


def report_link(report: Path | None) -> dict[str, dg.MetadataValue[Any]]:
    """Return the link to the quality report, as something to click and as a path to copy; empty without one.

    The report itself is written when the run ends.
    """
    if report is None:
        return {}
    return {"report": dg.MetadataValue.url(report.as_uri()), "report_file": dg.MetadataValue.path(str(report))}


def described(lines: Iterable[Line]) -> dg.MarkdownMetadataValue:
    """Render lines of the report as a Markdown table."""
    return markdown_table(
        [
            {
                "figure": line.title,
                "says": ", ".join(f"{name} {value}" for name, value in line.parts),
                "remark": line.remark or None,
            }
            for line in lines
        ]
    )


def check_result(
    asset_key: dg.AssetKey, check_name: str, results: Iterable[CheckResult], *, report: Path | None = None
) -> dg.AssetCheckResult:
    """Fold the checks of one subject into one Dagster check, failures first in its table.

    A budget that is exceeded holds the publication and not the steps before it, so it shows as a warning here.
    """
    order = {"error": 0, "fail": 1, "hold": 2, "warn": 3, "pass": 4}
    ordered = sorted(results, key=lambda one: (order[one.status], one.subject, one.name))
    grave = [one for one in ordered if one.status in ("error", "fail")]
    rest = [one for one in ordered if one.status in ("hold", "warn")]
    return dg.AssetCheckResult(
        passed=not grave and not rest,
        asset_key=asset_key,
        check_name=check_name,
        severity=dg.AssetCheckSeverity.ERROR if grave else dg.AssetCheckSeverity.WARN,
        metadata={
            "failed": len(grave),
            "held_or_warned": len(rest),
            "checks": markdown_table([_row(one) for one in ordered], empty="nothing landed, nothing to check"),
            **(report_link(report) if grave or rest else {}),
        },
        description="; ".join(one.message or one.name for one in (grave or rest)[:5]) or None,
    )


def _row(result: CheckResult) -> dict[str, Any]:
    return {
        "subject": result.subject,
        "check": result.name,
        "status": result.status,
        "observed": result.observed,
        "expected": result.expected,
        "failing": result.failing_count,
        "keys": ", ".join(result.sample_keys) or None,
        "why": result.message,
    }
