"""RFV against numpy, and its seed against the published cells."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date

import numpy as np
import pytest
from conftest import Shop

from dbt_project.building import PROJECT

SIZES = {
    "champions": 7, "loyal": 8, "potential_loyalists": 24, "new": 7, "promising": 16, "need_attention": 8,
    "about_to_sleep": 8, "at_risk": 22, "cannot_lose": 8, "hibernating": 11, "lost": 6,
}  # fmt: skip


def _segments() -> dict[str, str]:
    with (PROJECT / "seeds" / "rfv_segments.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len({row["rfv_cell"] for row in rows})
    return {row["rfv_cell"]: row["rfv_segment"] for row in rows}


def test_segments_cover_each_of_the_125_cells_once() -> None:
    segments = _segments()
    assert set(segments) == {f"{r}{f}{v}" for r in range(1, 6) for f in range(1, 6) for v in range(1, 6)}
    assert Counter(segments.values()) == SIZES


def test_segments_are_those_of_the_published_list() -> None:
    segments = _segments()
    of = {name: {cell for cell, segment in segments.items() if segment == name} for name in SIZES}
    assert of["champions"] == {"555", "554", "544", "545", "454", "455", "445"}
    assert of["lost"] == {"111", "112", "121", "131", "141", "151"}
    assert of["cannot_lose"] == {"155", "154", "144", "214", "215", "115", "114", "113"}


@pytest.mark.slow
def test_scores_equal_numpy_quantiles_when_values_tie(shop: Shop) -> None:
    rows = shop.query(
        "select customer_id, cast(max(case when is_purchase then order_date end) as date), count_if(is_purchase), "
        "cast(sum(net_revenue_amount) as double) from marts.fct_orders where customer_id is not null "
        "and order_date > date '2026-01-31' - 365 group by 1 having count_if(is_purchase) > 0 order by 1"
    )
    found = shop.query(
        "select customer_id, recency_days, order_count, cast(value_amount as double), recency_score, frequency_score, "
        "value_score, rfv_cell, rfv_segment from marts.dim_customer_rfv order by 1"
    )
    assert [row[0] for row in found] == [row[0] for row in rows] and len(rows) > 50
    recency = np.array([(date(2026, 1, 31) - row[1]).days for row in rows])
    frequency, value = np.array([row[2] for row in rows]), np.array([row[3] for row in rows])
    assert [list(column) for column in zip(*[row[1:4] for row in found], strict=True)] == [
        recency.tolist(), frequency.tolist(), value.tolist(),
    ]  # fmt: skip

    def edges(x: np.ndarray) -> np.ndarray:
        return np.quantile(x, [0.2, 0.4, 0.6, 0.8])

    assert len(np.unique(frequency)) < len(frequency) / 3, "the shop was made to have ties"
    expected = zip(
        (1 + (recency[:, None] < edges(recency)).sum(axis=1)).tolist(),
        (1 + (frequency[:, None] > edges(frequency)).sum(axis=1)).tolist(),
        (1 + (value[:, None] > edges(value)).sum(axis=1)).tolist(),
        strict=True,
    )
    assert [row[4:7] for row in found] == list(expected)
    segments = _segments()
    assert all(row[7] == f"{row[4]}{row[5]}{row[6]}" and segments[row[7]] == row[8] for row in found)
