from __future__ import annotations

import pytest
from activation_shop import Person, Shop

from activation.audiences import preview
from activation.syncing import activate
from workspace.errors import ConfigError, GateRefused

ALL = [("all", "marketing", "granted")]


def test_preview_counts_reasons_and_channels_without_people(shop: Shop) -> None:
    shop.configure(audience={"limit": 2, "order_by": ["customer_id"]})
    shop.publish(
        [
            Person("c1", consents=ALL, phone="+5581999990000"),
            Person("c2", consents=ALL, phone="+558133330000", is_mobile=False),
            Person("c3"),
            Person("c4", consents=[]),
            Person("c5", consents=ALL, suppressions=[("email", "hard_bounce")], phone="+5581999991111"),
            Person("c6", orders=0),
        ]
    )
    found = preview(shop.ws, "buyers")
    assert (found.eligible, found.selected) == (5, 2)
    assert found.reasons == {"no_consent_record": 1, "over_limit": 1, "suppressed_hard_bounce": 1}
    assert found.eligible == found.selected + sum(found.reasons.values())
    assert found.reachable_by_channel == {
        "email": 3, "phone": 3, "sms": 2, "push": 3, "whatsapp": 2, "social": 3, "mail": 3, "ads": 3,
    }  # fmt: skip
    assert "@" not in str(found) and "c1" not in str(found)


def test_preview_agrees_with_what_is_sent(shop: Shop) -> None:
    shop.configure(audience={"holdout": {"percent": 40, "salt": "s"}})
    run = shop.publish([Person(f"c{number}") for number in range(30)])
    found = preview(shop.ws, "buyers")
    (sent,) = activate(shop.ws, run)
    assert (found.eligible, found.selected, found.reasons) == (sent.eligible, sent.to_send, sent.reasons)
    assert preview(shop.ws, "buyers") == found, "what was sent does not change who may be contacted"


def test_preview_leaves_no_trace_and_names_what_is_missing(shop: Shop) -> None:
    with pytest.raises(GateRefused):
        preview(shop.ws, "buyers")
    shop.publish([])
    files = {path for path in shop.ws.root.rglob("*") if path.is_file()}
    assert preview(shop.ws, "buyers").eligible == 0
    assert {path for path in shop.ws.root.rglob("*") if path.is_file()} == files
    with pytest.raises(ConfigError, match="one of buyers"):
        preview(shop.ws, "byers")
