"""The verdict on a build: what passes, what stops, what holds, and who may let it out."""

from __future__ import annotations

import pytest
from small_house import FIRST, build

from quality.auditing import audit
from workspace.workspace import Workspace

pytestmark = pytest.mark.slow


def test_verdict_is_pass_when_everything_holds(built: Workspace) -> None:
    verdict = audit(built, FIRST)
    assert (verdict.status, verdict.reasons) == ("pass", ())
    assert verdict.opens_gate


def test_verdict_is_stop_when_a_mart_breaks_its_contract(built: Workspace) -> None:
    build(built, "update marts.fct_orders set net_amount = -1, net_revenue_amount = -1 where order_id = 'o1'")
    verdict = audit(built, FIRST)
    assert verdict.status == "stop"
    assert "marts.fct_orders: 1 row with a net_amount below 0" in verdict.reasons
