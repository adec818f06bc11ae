"""The quality report: one self-contained HTML page for each run, for a person with a minute.

It loads nothing: styles and charts stand in the page, so that it opens anywhere and years later.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from quality.balances import staging_model
from quality.charts import band, gauge, sparkline, stacked_bar, timeline
from quality.page_templates import template
from quality.report_data import MartLine, ReportData, read_report_data
from quality.report_identity import describe_resolution
from quality.results import CheckResult
from workspace.atomic import write_text_atomic

if TYPE_CHECKING:
    from workspace.runs import Run
    from workspace.workspace import Workspace

_HEADLINES = {
    "pass": "Passed",
    "hold": "Held",
    "signed": "Held, and signed for",
    "stop": "Stopped",
    "none": "Not audited",
}
_MEANINGS = {
    "pass": "Every promise holds. The view may be published and sent from.",
    "hold": "No promise is broken, but a budget is exceeded. What is published stays as it was until a person signs.",
    "signed": "A budget is exceeded, and a person took responsibility. The view may be published and sent from.",
    "stop": "A promise is broken. What is published, and what was sent, stay exactly as they were.",
    "none": "This run has not reached its audit.",
}
_PARTS = ("accepted", "superseded", "duplicate", "quarantined")


def report_file(ws: Workspace, run: Run) -> Path:
    """Return where the report of a run stands, published or not."""
    return ws.warehouse / "reports" / f"{run.run_id}.html"


def write_report(ws: Workspace, run: Run) -> Path:
    """Write the report of a run from the operations store, and return its path."""
    write_text_atomic(report_file(ws, run), render_report(ws, read_report_data(ws, run)))
    return report_file(ws, run)


def render_report(ws: Workspace, data: ReportData) -> str:
    """Return the page."""
    status = _status(data)
    return template("report.html.j2").render(
        data=data,
        status=status,
        headline=_HEADLINES[status],
        meaning=_MEANINGS[status],
        gates=ws.settings.gates,
        facts=_facts(data),
        staged={one.subject: one for one in data.of_stage("balance") if one.subject.startswith("lake →")},
        layers=[one for one in data.of_stage("balance") if not one.subject.startswith("lake →")],
        shares=[one for one in data.of_stage("budget") if one.name != "volume"],
        resolution=describe_resolution(data.metrics),
        staging_of=lambda name: f"lake → {_staging(ws, name)}",
        feed_bar=_feed_bar,
        size_band=lambda mart: _size_band(ws, mart),
        share_gauge=_share_gauge,
        sparkline=sparkline,
        history_line=timeline([(_past_status(one), f"{one.run_id}: {_past_status(one)}") for one in data.history]),
        past_status=_past_status,
    )


def _status(data: ReportData) -> str:
    if data.verdict is None:
        return "none"
    return "signed" if data.verdict.status == "hold" and data.verdict.signature else data.verdict.status


def _past_status(past: Any) -> str:
    return "signed" if past.status == "hold" and past.signed_by else str(past.status)


def _facts(data: ReportData) -> list[dict[str, str]]:
    """Return the handful of numbers that a person looks for first."""
    new_rows = sum(one.new_rows for one in data.feeds)
    waiting = sum(one.balance.quarantined for one in data.feeds)
    rows_in = sum(one.balance.rows_in for one in data.feeds)
    facts = [
        {"label": "new rows", "value": f"{new_rows:,}", "note": f"{rows_in:,} in all"},
        {
            "label": "in quarantine",
            "value": f"{waiting:,}",
            "note": f"{100 * waiting / rows_in if rows_in else 0:.2f} %",
        },
    ]
    for table, label in (("marts.dim_customers", "customers"), ("marts.fct_orders", "orders")):
        mart = next((one for one in data.marts if one.table == table), None)
        if mart and mart.rows is not None:
            facts.append({"label": label, "value": f"{mart.rows:,}", "note": _change(mart)})
    broken = len(data.broken)
    facts.append(
        {"label": "checks", "value": f"{data.rule_count:,}", "note": f"{broken} broken" if broken else "all hold"}
    )
    return facts


def _change(mart: MartLine) -> str:
    if mart.rows_before is None or mart.rows is None:
        return "first time"
    difference = mart.rows - mart.rows_before
    return f"{difference:+,} since the last view" if difference else "as before"


def _feed_bar(feed: Any) -> str:
    parts = [(name, getattr(feed.balance, name)) for name in _PARTS]
    return stacked_bar(parts, ", ".join(f"{count:,} {name}" for name, count in parts))


def _size_band(ws: Workspace, mart: MartLine) -> str:
    if mart.budget is None or mart.rows is None or mart.rows_before is None:
        return ""
    gates = ws.settings.gates
    low = mart.rows_before * (1 - float(gates.max_volume_drop_percent) / 100)
    high = mart.rows_before * (1 + float(gates.max_volume_growth_percent) / 100)
    return band(mart.rows_before, mart.rows, low, high, f"{mart.rows:,} rows; allowed {low:,.0f} to {high:,.0f}")


def _share_gauge(check: CheckResult) -> str:
    value = float((check.observed or "0 %").removesuffix(" %"))
    limit = float((check.expected or "at most 0 %").removeprefix("at most ").removesuffix(" %"))
    return gauge(value, limit, f"{value:.2f} % of a budget of {limit:g} %")


def _staging(ws: Workspace, contract_name: str) -> str:
    from data_contracts.loader import load_contract

    return staging_model(load_contract("feeds", contract_name, ws))
