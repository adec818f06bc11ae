"""Credit and journeys of a random history against an oracle that goes through it one order at a time."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from credit_feeds import credit_feeds

pytestmark = pytest.mark.slow
LOOKBACK, SILENCE = timedelta(days=30), timedelta(days=30)
TABLES = (
    "fct_interactions",
    "fct_touches",
    "fct_attribution",
    "fct_journeys",
    "fct_journey_steps",
    "mart_channel_performance",
    "dim_customer_channels",
)


def _built(shop: Any, *, shuffle: int | None = None) -> Any:
    from dbt_project.building import build

    for contract, rows in credit_feeds(seed=7).items():
        if shuffle is not None:
            random.Random(shuffle).shuffle(rows)
        shop.land(contract, rows)
    shop.resolve()
    build(shop.ws, shop.run).require_good()
    return shop


@pytest.fixture(scope="module")
def built(open_shop: Callable[..., Any]) -> Any:
    return _built(open_shop("credit"))


def _touches(shop: Any) -> dict[str, list[tuple[Any, ...]]]:
    touches = defaultdict(list)
    for row in shop.query("select customer_id, touched_at, touch_id, channel from marts.fct_touches"):
        touches[row[0]].append(row[1:])
    return {customer: sorted(rows) for customer, rows in touches.items()}


def _conversions(shop: Any) -> dict[str | None, list[tuple[Any, ...]]]:
    orders = defaultdict(list)
    sql = "select customer_id, ordered_at, order_id, net_revenue_amount from marts.fct_orders where not is_cancelled and not is_return"
    for row in shop.query(sql):
        orders[row[0]].append(row[1:])
    return {customer: sorted(rows) for customer, rows in orders.items()}


def _shares(model: str, ages: list[float]) -> list[float]:
    count = len(ages)
    if model == "first_touch":
        return [1.0] + [0.0] * (count - 1)
    if model == "last_touch":
        return [0.0] * (count - 1) + [1.0]
    if model == "linear":
        return [1 / count] * count
    if model == "position_based":
        return {1: [1.0], 2: [0.5, 0.5]}.get(count) or [0.4] + [0.2 / (count - 2)] * (count - 2) + [0.4]
    decays = [2 ** (-age / 7) for age in ages]
    return [decay / sum(decays) for decay in decays]


def _expected_credit(shop: Any) -> dict[tuple[str, str], dict[str | None, tuple[float, Decimal]]]:
    touches, expected = _touches(shop), {}
    for customer, orders in _conversions(shop).items():
        previous = None
        for at, order, amount in orders:
            mine = [touch for touch in touches.get(customer, []) if touch[0] <= at <= touch[0] + LOOKBACK]
            mine = [touch for touch in mine if previous is None or touch[0] > previous]
            mine = [touch for touch in mine if touch[2] != "direct"] or mine
            previous = at if customer else None
            ages = [(at - touch[0]).total_seconds() / 86400 for touch in mine]
            for model in ("first_touch", "last_touch", "linear", "position_based", "time_decay"):
                shares = _shares(model, ages) if mine else [1.0]
                keys = [touch[1] for touch in mine] or [None]
                expected[order, model] = {
                    key: (share, amount) for key, share in zip(keys, shares, strict=True) if share
                }
    return expected


def test_credit_is_what_the_oracle_gives_for_every_order_and_model(built: Any) -> None:
    found: dict[tuple[str, str], dict[str | None, tuple[Decimal, Decimal]]] = defaultdict(dict)
    for order, model, touch, weight, amount in built.query(
        "select order_id, attribution_model, touch_id, weight, attributed_amount from marts.fct_attribution"
    ):
        found[order, model][touch] = (weight, amount)
    expected = _expected_credit(built)
    assert found.keys() == expected.keys()
    assert max(len(shares) for shares in expected.values()) >= 4
    for key, shares in expected.items():
        assert found[key].keys() == shares.keys(), key
        assert sum(weight for weight, _ in found[key].values()) == 1
        assert sum(amount for _, amount in found[key].values()) == next(iter(shares.values()))[1]
        for touch, (share, amount) in shares.items():
            weight, credited = found[key][touch]
            assert abs(float(weight) - share) <= 1e-6 * len(shares), key
            assert abs(float(credited) - share * float(amount)) <= 0.011, key


def test_journeys_end_with_an_order_or_with_silence(built: Any) -> None:
    touches, orders = _touches(built), _conversions(built)
    expected: dict[tuple[str, ...], str] = {}
    for customer in {*touches, *orders} - {None}:
        steps = [(at, 0, touch) for at, touch, _ in touches.get(customer, [])]
        steps = sorted(steps + [(at, 1, order) for at, order, _ in orders.get(customer, [])])
        journey: list[tuple[Any, ...]] = []
        for step in [*steps, None]:
            if journey and (step is None or journey[-1][1] == 1 or step[0] - journey[-1][0] > SILENCE):
                last = journey[-1]
                ended = "converted" if last[1] else "abandoned" if built.run.as_of_naive - last[0] > SILENCE else "open"
                expected[tuple(one[2] for one in journey)] = ended
                journey = []
            journey.append(step)
    found: dict[str, list[str]] = defaultdict(list)
    for journey_id, event in built.query(
        "select journey_id, coalesce(touch_id, order_id) from marts.fct_journey_steps order by journey_id, step_position",
    ):
        found[journey_id].append(event)
    statuses = dict(built.query("select journey_id, status from marts.fct_journeys"))
    assert {tuple(events): statuses[journey] for journey, events in found.items()} == expected
    assert set(statuses.values()) == {"converted", "abandoned", "open"}


def test_a_channel_that_sold_nothing_shows_a_return_of_zero(built: Any) -> None:
    rows = built.query(
        "select return_on_spend_ratio, cost_per_conversion_amount from marts.mart_channel_performance where channel = 'display'",
    )
    assert len(rows) == 12 * 5
    assert set(rows) == {(Decimal(0), None)}


def test_rows_in_another_order_and_one_thread_give_the_same_marts(built: Any, open_shop: Callable[..., Any]) -> None:
    settings = "name: Test shop\nthreads: 1\nmemory_limit: 1GB\nas_of: 2026-01-31T05:00:00Z\n"
    other = _built(open_shop("shuffled", settings=settings), shuffle=3)
    for table in TABLES:
        sql = f"select * from marts.{table} order by all"
        assert built.query(sql) == other.query(sql), table
