"""Which published numbers moved because ids changed: how much, and for which kind of change."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from quality.figures import FIGURES, Figure

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from quality.build_reading import Compared
    from workspace.runs import Run


@dataclass(frozen=True)
class RestatedFigure:
    """One number before and after, and the part of its change that customers with a changed id brought.

    Reasons are those of a restatement, joined by `+` for customers with more than one, and `removed` for customers
    whose records are gone. What is left of the difference comes from new data and from the passing of time.
    """

    subject: str
    figure: str
    member: str
    currency_code: str | None
    reason: str
    customer_count: int
    before_value: Decimal
    after_value: Decimal
    restated_value: Decimal


def find_restated_figures(compared: Compared) -> list[RestatedFigure]:
    """Compare the numbers of the published view with those of the build, where customers with a changed id moved them.

    Nothing is read but the crosswalks when no id changed.
    """
    before, after = compared.identity("customer_crosswalk", published=True), compared.identity("customer_crosswalk")
    if before is None or after is None:
        return []
    _create_restated_customers(compared.con, before, after)
    if compared.con.execute("select count(*) from restated_customers").fetchall() == [(0,)]:
        return []
    return [found for one in FIGURES if one.is_in_both(compared) for found in _restated(compared.con, one)]


def record_restated_figures(con: DuckDBPyConnection, run: Run, found: list[RestatedFigure]) -> None:
    """Replace the restated figures of a run, in the caller's transaction."""
    con.execute("delete from restated_figures where run_id = ?", [run.run_id])
    rows = [(run.run_id, run.as_of_naive, *astuple(one)) for one in found]
    if rows:
        con.executemany(f"insert into restated_figures values ({', '.join('?' * len(rows[0]))})", rows)


def _create_restated_customers(con: DuckDBPyConnection, before: str, after: str) -> None:
    con.execute(
        "create or replace temp table restated_customers as with moves as (select b.customer_id as old_id, "
        "a.customer_id as new_id, a.record_id is null as is_gone "
        f"from {before} as b left join {after} as a on a.record_id = b.record_id "
        "where b.customer_id is distinct from a.customer_id), "
        f"living as (select distinct customer_id from {after} where customer_id is not null), "
        "reasoned as (select old_id, new_id, case when is_gone then 'removed' when old_id is null then 'identified' "
        "when new_id is null then 'unidentified' when old_id in (from living) then 'split' else 'merge' end as reason "
        "from moves), sides as (select old_id as customer_id, reason from reasoned union all "
        "select new_id, reason from reasoned) select customer_id, string_agg(distinct reason, '+' order by reason) "
        "as reason from sides where customer_id is not null group by customer_id"
    )


def _restated(con: DuckDBPyConnection, figure: Figure) -> list[RestatedFigure]:
    rows = con.execute(
        f"with changes as ({figure.changes()}), totals as (select member, currency_code, "
        "sum(before_value) as before_value, sum(after_value) as after_value from changes group by all), "
        "restated as (select c.member, c.currency_code, r.reason, count(distinct r.customer_id) as customer_count, "
        "sum(c.after_value - c.before_value) as restated_value from changes as c "
        "join restated_customers as r on r.customer_id = c.customer_id group by all) "
        "select r.member, r.currency_code, r.reason, r.customer_count, t.before_value, t.after_value, r.restated_value "
        "from restated as r join totals as t on t.member = r.member "
        "and t.currency_code is not distinct from r.currency_code where r.restated_value <> 0 "
        "order by r.member, r.currency_code nulls first, r.reason"
    ).fetchall()
    return [RestatedFigure(figure.subject, figure.name, *row) for row in rows]
