"""The page a person reads: it says what was decided and why, and loads nothing."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from small_house import FIRST, SECOND, decide_for, resolve

from quality.charts import band, gauge, sparkline, stacked_bar, timeline
from quality.gate import sign
from quality.operations_tables import quality_operations, write_checks
from quality.publishing import publish
from quality.report import report_file, write_report
from quality.results import CheckResult
from quality.runs import record_run
from workspace.workspace import Workspace

AUDITED = [
    CheckResult("contract", "marts.fct_orders", "contract", observed="9 of 10 rules hold on 6 rows", checked_count=6),
    CheckResult(
        "contract",
        "marts.fct_orders",
        "range",
        outcome="fail",
        message="marts.fct_orders: 1 row with a net_amount below 0 <script>",
        sample_keys=("o1",),
    ),
    CheckResult("balance", "orders", "balances", expected="rows: 6", observed="rows: 6"),
    CheckResult("budget", "identity", "customer_id_churn", "budget", observed="0.50 %", expected="at most 2 %"),
]


def page_of(ws: Workspace, status: str, *reasons: str) -> str:
    decide_for(ws, FIRST, status, reasons)
    with quality_operations(ws) as con:
        con.execute("delete from checks")
        write_checks(con, FIRST, AUDITED)
    return write_report(ws, FIRST).read_text()


def test_the_page_loads_nothing_and_escapes_everything(built: Workspace) -> None:
    page = page_of(built, "stop", "an <order> broke")
    assert not re.search(r"""(src|href)=|url\(|@import|https?://""", page)
    assert "an &lt;order&gt; broke" in page
    assert "below 0 &lt;script&gt;" in page
    assert "<script" not in page


def test_the_page_says_what_was_decided_and_why(built: Workspace) -> None:
    assert "Not audited" in write_report(built, SECOND).read_text()
    page = page_of(built, "stop", "marts.fct_orders: 1 row with a net_amount below 0")
    for text in ("Stopped", "1 row with a net_amount below 0", "<code>o1</code>", "9 of 10 rules hold", "rows: 6"):
        assert text in page
    assert "Every promise holds" in page_of(built, "pass")
    page_of(built, "hold", "too many ids moved")
    sign(built, FIRST.run_id, who="Maria Souza", why="Two systems became one.")
    page = write_report(built, FIRST).read_text()
    assert "Held, and signed for" in page
    assert "Two systems became one." in page


def test_the_page_travels_with_the_publication(built: Workspace) -> None:
    decide_for(built, FIRST)
    published = publish(built, FIRST)
    assert "Passed" in (published.folder / "report.html").read_text()
    assert report_file(built, FIRST).parent == built.warehouse / "reports"


def test_runs_are_recorded_once_per_attempt(built: Workspace) -> None:
    began = datetime(2026, 1, 10, 5, 1, tzinfo=UTC)
    record_run(built, FIRST, status="running", started_at=began)
    record_run(built, FIRST, status="published", started_at=began, finished_at=datetime(2026, 1, 10, 5, 2, tzinfo=UTC))
    with quality_operations(built) as con:
        rows = con.execute("select status, finished_at - started_at = interval 1 minute from runs").fetchall()
    assert rows == [("published", True)]
    resolve(built)
    decide_for(built, FIRST)
    assert ">60<" in write_report(built, FIRST).read_text(), "the seconds of the run"


def test_charts_cope_with_nothing_and_with_extremes() -> None:
    assert stacked_bar([("accepted", 0)], "none") == ""
    assert stacked_bar([("accepted", 10**9), ("quarantined", 1)], "all").count("<rect") == 2
    assert sparkline([5], "one") == ""
    assert "path" in sparkline([5, 5, 5], "flat")
    assert 'class="over"' in gauge(3, 2, "too much")
    assert 'class="within"' in gauge(0, 0, "nothing")
    assert 'class="over"' in band(1000, 0, 700, 6000, "gone")
    assert "<circle" not in timeline([])
