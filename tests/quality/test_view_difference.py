"""The published view against a build that nobody has published."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest
from small_house import FIRST, build, decide_for, resolve

from quality.build_reading import compare
from quality.publishing import publish
from quality.view_difference import Passage, Shift, ViewDifference, measure_difference
from workspace.errors import UnavistaError
from workspace.workspace import Workspace

CELLS = (
    "create or replace table marts.dim_customer_rfv as select customer_id, "
    "case when count(*) > 1 then '555' else '111' end as rfv_cell from marts.fct_orders group by customer_id"
)
SEGMENTS = (
    "create or replace table marts.dim_customer_segments as select customer_id, 'rfv' as segment_kind, "
    "case rfv_cell when '555' then 'champions' else 'lost' end as segment_name, true as is_current "
    "from marts.dim_customer_rfv union all select customer_id, 'declared', 'vip', true "
    "from marts.dim_customer_rfv where rfv_cell = '555'"
)


def difference(ws: Workspace) -> ViewDifference:
    with compare(ws) as compared:
        return measure_difference(compared)


@pytest.fixture
def published(built: Workspace) -> Workspace:
    build(built, CELLS, SEGMENTS)
    decide_for(built, FIRST)
    publish(built, FIRST)
    return built


def test_nothing_to_compare_is_told(built: Workspace) -> None:
    with pytest.raises(UnavistaError, match="nothing to compare"):
        difference(built)


def test_the_same_build_differs_in_nothing(published: Workspace) -> None:
    found = difference(published)
    assert found.is_none
    assert found.customers == {"kept": 6, "grown": 0, "split": 0, "merged": 0, "gone": 0, "new": 0}


def test_a_merge_shows_in_customers_revenue_cells_and_segments(published: Workspace) -> None:
    resolve(published, same_person={"c1": "c2"})
    build(published, CELLS, SEGMENTS)
    found = difference(published)
    assert not found.is_none
    assert found.customers == {"kept": 4, "grown": 1, "split": 0, "merged": 1, "gone": 0, "new": 0}
    (revenue,) = found.revenue
    assert (revenue.published_amount, revenue.touched_amount) == (Decimal("61.50"), Decimal("20.50"))
    assert found.rfv_cells == [Shift("111", None, Decimal(6), Decimal(4)), Shift("555", None, Decimal(0), Decimal(1))]
    assert found.segments == [
        Passage("declared", None, "vip", 1),
        Passage("rfv", "lost", None, 1),
        Passage("rfv", "lost", "champions", 1),
    ]
    assert found.churn is not None
    assert found.churn.customers_moved == 1


def test_records_that_leave_make_a_split_and_those_that_nobody_has_make_a_customer_go(published: Workspace) -> None:
    resolve(published, same_person={"c1": "c2"})
    build(published, CELLS, SEGMENTS)
    decide_for(published, FIRST)
    publish(published, FIRST)
    resolve(published)
    crosswalk = published.build / "identity" / "customer_crosswalk.parquet"
    frame = pl.read_parquet(crosswalk)
    gone = pl.when(pl.col("customer_id") == "c6").then(None).otherwise(pl.col("customer_id"))
    frame.with_columns(customer_id=gone).write_parquet(crosswalk)
    build(published, CELLS, SEGMENTS)
    assert difference(published).customers == {"kept": 3, "grown": 0, "split": 1, "merged": 0, "gone": 1, "new": 1}
