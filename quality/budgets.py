"""Budgets against the published view: past them a run is held until a person signs. A first run has none."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from quality.id_churn import measure_churn
from quality.results import CheckResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quality.build_reading import Compared
    from quality.contents import TableContent
    from quality.id_churn import Churn

# Below this a mart may double or halve by one afternoon's work; an emptied one is told at any size.
_SMALL_TABLE = 100
_WAY_OUT = (
    "Undo the change and run again, see all of its effects first with `unavista identity shadow`, or let it out with "
    "`unavista sign`"
)


def check_budgets(compared: Compared, contents: Sequence[TableContent]) -> list[CheckResult]:
    """Compare the size of every mart, and the ids of customers, with the published view."""
    if compared.published is None:
        return []
    before = compared.published.row_counts
    sizes = [_size(compared, one, before[one.table]) for one in contents if one.table in before]
    return [*sizes, *_churn(compared)]


def _size(compared: Compared, content: TableContent, before: int) -> CheckResult:
    gates = compared.ws.settings.gates
    low = Decimal(before) * (100 - gates.max_volume_drop_percent) / 100
    high = Decimal(before) * (100 + gates.max_volume_growth_percent) / 100
    result = CheckResult(
        "budget",
        content.table,
        "volume",
        severity="budget",
        observed=f"{content.row_count:,} rows",
        expected=f"{low:,.0f} to {high:,.0f} rows; {before:,} are published",
        checked_count=content.row_count,
    )
    emptied = before > 0 and content.row_count == 0
    inside = low <= content.row_count <= high or max(before, content.row_count) < _SMALL_TABLE
    if inside and not emptied:
        return result
    word = "shrank" if content.row_count < before else "grew"
    change = abs(content.row_count - before) / max(before, 1) * 100
    limit = gates.max_volume_drop_percent if word == "shrank" else gates.max_volume_growth_percent
    message = (
        f"{content.table} {word} by {change:.0f} % ({before:,} rows published, {content.row_count:,} built); "
        f"the budget is {limit:g} %"
    )
    return replace(result, outcome="fail", message=message)


def _churn(compared: Compared) -> list[CheckResult]:
    churn = measure_churn(compared)
    if churn is None:
        return []
    gates = compared.ws.settings.gates
    shares = [
        _share(
            "customer_id_churn",
            churn.customers_moved,
            churn.customers,
            gates.max_id_churn_percent,
            f"{churn.customers_moved:,} of {churn.customers:,} published customers",
        ),
        _share(
            "customer_id_churn_by_revenue",
            churn.revenue_moved,
            churn.revenue,
            gates.max_revenue_churn_percent,
            f"customers with {churn.revenue_moved:,.2f} of {churn.revenue:,.2f} published revenue",
        ),
    ]
    # Both budgets have one cause: it is told once, with the first that is exceeded.
    first = next((one for one in shares if not one.passed), None)
    return [_explained(one, churn) if one is first else one for one in shares]


def _explained(result: CheckResult, churn: Churn) -> CheckResult:
    examples = f"For example {', '.join(churn.examples)}"
    message = f"{result.message}. {churn.causes.in_words()}. {examples}. {_WAY_OUT}"
    return replace(result, message=message, sample_keys=churn.examples)


def _share(name: str, part: Decimal | int, whole: Decimal | int, limit: Decimal, who: str) -> CheckResult:
    percent = Decimal(part) * 100 / Decimal(whole) if whole else Decimal(0)
    result = CheckResult(
        "budget",
        "identity/customer_crosswalk",
        name,
        severity="budget",
        observed=f"{percent:.2f} %",
        expected=f"at most {limit:g} %",
        failing_count=int(part),
        checked_count=int(whole),
    )
    if percent <= limit:
        return result
    message = f"{who} ({percent:.1f} %) changed their id without a cause in their own data; the budget is {limit:g} %"
    return replace(result, outcome="fail", message=message)
