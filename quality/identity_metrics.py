"""Figures of a run's identities for the operations store, and the gate on what people labelled."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from identity.labels import decision_metrics, label_metrics, load_labels
from identity.review.decisions import decided_pairs
from quality.id_causes import guard_flips
from quality.results import CheckResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from decimal import Decimal

    from duckdb import DuckDBPyConnection

    from quality.build_reading import Compared
    from workspace.runs import Run

_SUBJECT = "identity/customer_crosswalk"
_CHURN = {
    "customer_id_churn": "published_customers_moved",
    "customer_id_churn_by_revenue": "published_revenue_moved",
}


def measure_identity(compared: Compared) -> dict[str, float]:
    """Return every metric of the build: those of the resolution, guard flips, labels and decisions.

    Guard flips are values about which a guard decides otherwise than in the published view.
    """
    crosswalk, metrics = compared.identity("customer_crosswalk"), compared.identity("identity_metrics")
    if crosswalk is None:
        return {}
    found = dict(compared.con.execute(f"select metric, value from {metrics}").fetchall()) if metrics else {}
    if compared.published is not None:
        flips = guard_flips(compared)
        found |= {"guard_flips": float(sum(flips.values()))}
        found |= {f"guard_flips_{kind}": float(count) for kind, count in flips.items()}
    decided = decided_pairs(compared.ws)
    found |= decision_metrics(compared.con, crosswalk, decided)
    labels = load_labels(compared.ws)
    if labels is not None:
        found |= label_metrics(compared.con, labels, crosswalk, decided)
    return found


def check_labels(compared: Compared, metrics: Mapping[str, float]) -> list[CheckResult]:
    """Hold precision and recall on the labelled sample to the workspace's budgets; nothing is asked without one."""
    if "labels_records" not in metrics:
        return []
    gates = compared.ws.settings.gates
    return [
        _least("precision", gates.min_precision, metrics, "labels_pairs_found_right", "labels_pairs_found"),
        _least("recall", gates.min_recall, metrics, "labels_pairs_found_right", "labels_pairs_same"),
    ]


def record_identity_metrics(
    con: DuckDBPyConnection, run: Run, metrics: Mapping[str, float], results: Iterable[CheckResult]
) -> None:
    """Replace the metrics of a run, with the churn that its budgets measured, in the caller's transaction."""
    churn = {_CHURN[one.name]: float(one.failing_count or 0) for one in results if one.name in _CHURN}
    con.execute("delete from identity_metrics where run_id = ?", [run.run_id])
    rows = [(run.run_id, run.as_of_naive, name, value) for name, value in sorted({**metrics, **churn}.items())]
    if rows:
        con.executemany("insert into identity_metrics values (?, ?, ?, ?)", rows)


def read_identity_metrics(con: DuckDBPyConnection, run_id: str) -> dict[str, float]:
    """Return what was recorded of a run's identities, by metric; empty for a run that was not audited."""
    rows = con.execute("select metric, value from identity_metrics where run_id = ? order by 1", [run_id]).fetchall()
    return dict(rows)


def _least(what: str, limit: Decimal | None, metrics: Mapping[str, float], part: str, whole: str) -> CheckResult:
    value = metrics.get(f"labels_{what}")
    right, of = int(metrics[part]), int(metrics[whole])
    result = CheckResult(
        "identity",
        _SUBJECT,
        f"labels_{what}",
        severity="budget",
        observed=f"{value:.4f}" if value is not None else "not measurable",
        expected=f"at least {limit:g}" if limit is not None else None,
        failing_count=of - right,
        checked_count=of,
    )
    if limit is None or (value is not None and value >= limit):
        return result
    if value is None:
        why = "no labelled pair that it could be measured on is in this resolution"
    elif what == "precision":
        why = f"{of - right:,} of the {of:,} labelled pairs that identity joins are different people"
    else:
        why = f"{of - right:,} of the {of:,} labelled pairs that are one person are two customers"
    unknown = int(metrics["labels_records_unknown"])
    left_out = f"; {unknown:,} labelled records are not in the lake" if unknown else ""
    message = (
        f"{what} on the labelled sample is {result.observed}, the budget at least {limit:g}: {why}{left_out}. Look at "
        "them with `unavista why-merged`, undo the change and run again, or let it out with `unavista sign`"
    )
    return replace(result, outcome="fail", message=message)
