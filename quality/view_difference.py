"""What readers would see otherwise if a build were published: customers, revenue, segments and every figure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from quality.build_reading import BUILD, PUBLISHED
from quality.figures import CREDIT, RFV_CELLS
from quality.id_causes import guard_flips
from quality.id_churn import Churn, measure_churn
from workspace.errors import UnavistaError

if TYPE_CHECKING:
    from quality.build_reading import Compared
    from quality.figures import Figure

# Every published customer has one outcome; `new` ones were not published.
OUTCOMES = ("kept", "grown", "split", "merged", "gone", "new")


@dataclass(frozen=True)
class RevenueTouched:
    """Published revenue of a currency, and the part of customers that are not the same ones in the build."""

    currency_code: str
    published_amount: Decimal
    touched_amount: Decimal


@dataclass(frozen=True)
class Passage:
    """Customers who would be in another segment; None for no segment or no such customer."""

    segment_kind: str
    from_segment: str | None
    to_segment: str | None
    customer_count: int


@dataclass(frozen=True)
class Shift:
    """A number that would be another one."""

    member: str
    currency_code: str | None
    before_value: Decimal
    after_value: Decimal


@dataclass(frozen=True)
class ViewDifference:
    """The published view against a build.

    `customers` counts published customers by outcome: kept (the same records), grown (others joined), split (some of
    its records left), merged (its records follow another), gone (no record is anybody's); and `new` ones.
    """

    customers: dict[str, int]
    revenue: list[RevenueTouched]
    churn: Churn | None
    guard_flips: dict[str, int]
    segments: list[Passage]
    rfv_cells: list[Shift]
    attributed_amounts: list[Shift]

    @property
    def is_none(self) -> bool:
        """Tell whether readers would see the same."""
        moved = any(count for outcome, count in self.customers.items() if outcome != "kept")
        return not (moved or self.guard_flips or self.segments or self.rfv_cells or self.attributed_amounts)


def measure_difference(compared: Compared) -> ViewDifference:
    """Compare the published view with the build.

    Raises:
        UnavistaError: nothing is published, or one of the two has no crosswalk.
    """
    before, after = compared.identity("customer_crosswalk", published=True), compared.identity("customer_crosswalk")
    if before is None or after is None:
        raise UnavistaError("there is nothing to compare: run `unavista run` until it publishes a view")
    _create_outcomes(compared, before, after)
    counts = dict(compared.con.execute("select outcome, count(*) from customer_outcomes group by outcome").fetchall())
    return ViewDifference(
        customers={outcome: counts.get(outcome, 0) for outcome in OUTCOMES},
        revenue=_revenue(compared),
        churn=measure_churn(compared),
        guard_flips=guard_flips(compared),
        segments=_passages(compared),
        rfv_cells=_shifts(compared, RFV_CELLS),
        attributed_amounts=_shifts(compared, CREDIT),
    )


def _create_outcomes(compared: Compared, before: str, after: str) -> None:
    compared.con.execute(
        "create or replace temp table customer_outcomes as with "
        f"then_ as (select record_id, customer_id from {before} where customer_id is not null), "
        f"now_ as (select record_id, customer_id from {after} where customer_id is not null), "
        "lost as (select t.customer_id, count(*) filter (n.customer_id is distinct from t.customer_id) as left_count, "
        "count(n.customer_id) as held_count from then_ as t left join now_ as n on n.record_id = t.record_id "
        "group by t.customer_id), "
        "gained as (select n.customer_id, "
        "count(*) filter (t.customer_id is distinct from n.customer_id) as joined_count "
        "from now_ as n left join then_ as t on t.record_id = n.record_id group by n.customer_id) "
        "select coalesce(l.customer_id, g.customer_id) as customer_id, case when l.customer_id is null then 'new' "
        "when g.customer_id is null then case when l.held_count > 0 then 'merged' else 'gone' end "
        "when l.left_count > 0 then 'split' when g.joined_count > 0 then 'grown' else 'kept' end as outcome "
        "from lost as l full join gained as g on g.customer_id = l.customer_id"
    )


def _revenue(compared: Compared) -> list[RevenueTouched]:
    if not compared.was_published("marts.fct_orders"):
        return []
    rows = compared.con.execute(
        "select currency_code, sum(net_revenue_amount), coalesce(sum(net_revenue_amount) filter (customer_id in "
        "(select customer_id from customer_outcomes where outcome <> 'kept')), 0) "
        f"from {PUBLISHED}.marts.fct_orders where customer_id is not null group by currency_code order by currency_code"
    ).fetchall()
    return [RevenueTouched(*row) for row in rows]


def _passages(compared: Compared) -> list[Passage]:
    """Follow customers by id: between RFV segments, of which each has one, and in and out of declared ones."""
    table = "marts.dim_customer_segments"
    if not (compared.has(table) and compared.was_published(table)):
        return []
    current = "select customer_id, segment_kind, segment_name from {}.marts.dim_customer_segments where is_current"
    rows = compared.con.execute(
        f"with b as ({current.format(PUBLISHED)}), a as ({current.format(BUILD)}) "
        "select coalesce(b.segment_kind, a.segment_kind) as kind, b.segment_name as was, a.segment_name as becomes, "
        "count(*) from b full join a on a.customer_id = b.customer_id and a.segment_kind = b.segment_kind "
        "and (a.segment_kind = 'rfv' or a.segment_name = b.segment_name) "
        "where a.segment_name is distinct from b.segment_name group by all "
        "order by kind, was nulls first, becomes nulls first"
    ).fetchall()
    return [Passage(*row) for row in rows]


def _shifts(compared: Compared, figure: Figure) -> list[Shift]:
    if not figure.is_in_both(compared):
        return []
    rows = compared.con.execute(
        "select member, currency_code, sum(before_value) as before_value, sum(after_value) as after_value "
        f"from ({figure.changes()}) group by member, currency_code having sum(before_value) <> sum(after_value) "
        "order by member, currency_code nulls first"
    ).fetchall()
    return [Shift(*row) for row in rows]
