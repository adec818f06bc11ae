"""The quality report: one self-contained HTML page for each run, for a person with a minute."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from quality.operations_tables import quality_operations
from quality.verdicts import read_verdict
from workspace.atomic import write_text_atomic

if TYPE_CHECKING:
    from workspace.runs import Run
    from workspace.workspace import Workspace


def report_file(ws: Workspace, run: Run) -> Path:
    """Return where the report of a run stands, published or not."""
    return ws.warehouse / "reports" / f"{run.run_id}.html"


def write_report(ws: Workspace, run: Run) -> Path:
    """Write the report of a run from the operations store, and return its path."""
    with quality_operations(ws) as con:
        verdict = read_verdict(con, run.run_id)
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in (verdict.reasons if verdict else ()))
    status = verdict.status if verdict else "not audited"
    page = f"<!doctype html><meta charset='utf-8'><title>{run.run_id}</title><h1>{status}</h1><ul>{reasons}</ul>"
    write_text_atomic(report_file(ws, run), page)
    return report_file(ws, run)
