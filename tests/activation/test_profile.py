"""The page a call-centre agent reads before saying good morning."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from activation_shop import Person, Shop

from activation.profile import profile
from data_contracts.loader import load_contract
from data_contracts.schemas import duckdb_columns
from workspace.errors import GateRefused
from workspace.sql import connect, quote_identifier

NOON = datetime.fromisoformat("2026-01-01T12:00:00")
ROWS: dict[str, list[dict[str, Any]]] = {
    "dim_customers": [{"customer_id": "c1", "customer_kind": "person", "city": "Recife", "record_count": 4}],
    "customer_contacts": [
        {"customer_id": "c1", "full_name": "Judith Silva", "email": "judith@example.com", "phone": "+5581999990000", "city": "Recife"}
    ],
    "customer_360": [{"customer_id": "c1", "order_count": 3, "recency_days": 5, "segment_names": "regulars"}],
    "fct_interactions": [
        {"interaction_id": "i1", "customer_id": "c1", "channel": "email", "occurred_at": NOON},
        {
            "interaction_id": "i2", "customer_id": "c1", "channel": "call_center", "protocol_number": "2026-77",
            "occurred_at": NOON.replace(hour=15),
        },
        {"interaction_id": "i3", "customer_id": "c2", "channel": "sms", "occurred_at": NOON},
    ],
    "fct_service_contacts": [
        {"service_contact_id": "s1", "customer_id": "c1", "case_id": "k1", "is_open": True, "opened_at": NOON},
        {
            "service_contact_id": "s2", "customer_id": "c1", "case_id": "k1", "is_open": True, "protocol_number": "2026-77",
            "opened_at": NOON.replace(hour=15),
        },
        {"service_contact_id": "s3", "customer_id": "c1", "case_id": "k2", "is_open": False, "opened_at": NOON},
    ],
    "fct_orders": [{"order_id": "o1", "customer_id": "c1", "ordered_at": NOON, "net_revenue_amount": "12.50"}],
    "dim_customer_consents": [
        {"customer_id": "c1", "consent_channel": "email", "purpose": "marketing", "status": "revoked"}
    ],
    "dim_customer_suppressions": [{"customer_id": "c1", "consent_channel": "all", "reason": "open_complaint"}],
    "dim_customer_segments": [
        {"customer_segment_id": "1", "customer_id": "c1", "segment_kind": "declared", "segment_name": "regulars", "is_current": True},
        {"customer_segment_id": "2", "customer_id": "c1", "segment_kind": "rfv", "segment_name": "loyal", "is_current": True},
        {"customer_segment_id": "3", "customer_id": "c1", "segment_kind": "rfv", "segment_name": "new", "is_current": False},
    ],
    "fct_campaign_contacts": [{"campaign_contact_id": "f1", "campaign_id": "p1", "customer_id": "c1", "channel": "email"}],
    "dim_campaigns": [{"campaign_id": "p1", "campaign_name": "Winter"}],
}  # fmt: skip


def _publish(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Publish a view with the real columns of every mart that a profile reads."""
    shop.publish([])
    file = shop.ws.current.resolve() / "unavista.duckdb"
    Path(file).unlink()
    with connect(database=file) as con:
        con.execute("create schema marts; create schema restricted; create schema ops;")
        for name, rows in ROWS.items():
            schema = "restricted" if name == "customer_contacts" else "marts"
            columns = duckdb_columns(load_contract("products", name), lineage=False)
            fields = ", ".join(f"{quote_identifier(column)} {kind}" for column, kind in columns.items())
            con.execute(f"create table {schema}.{name} ({fields})")
            for row in rows:
                marks = ", ".join("?" * len(row))
                con.execute(f"insert into {schema}.{name} ({', '.join(row)}) values ({marks})", list(row.values()))
    monkeypatch.setattr("activation.profile.find_customers", lambda ws, text: ["c1"] if text != "nobody" else [])
    shop.write(
        "segments/regulars.yml", {"segment": "regulars", "description": "They come often.", "where": "order_count > 2"}
    )


def test_profile_tells_everything_an_agent_needs(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    _publish(shop, monkeypatch)
    found = profile(shop.ws, "judith@example.com")
    (one,) = found.customers
    assert one.person["full_name"] == "Judith Silva" and one.person["record_count"] == 4
    assert [row["channel"] for row in one.contacts] == ["call_center", "email"]
    assert one.contacts[0]["protocol_number"] == "2026-77"
    assert [(row["case_id"], row["protocol_number"]) for row in one.open_cases] == [("k1", "2026-77")]
    assert [row["order_id"] for row in one.orders] == ["o1"]
    assert one.consents[0]["status"] == "revoked" and one.suppressions[0]["reason"] == "open_complaint"
    assert one.campaigns[0]["campaign_name"] == "Winter"
    declared, rfv = one.segments
    assert (declared.segment_name, declared.where, declared.because) == (
        "regulars",
        "order_count > 2",
        {"order_count": 3},
    )
    assert (rfv.segment_name, rfv.because["recency_days"]) == ("loyal", 5)
    assert one.destinations == () and one.left_out == (), "a workspace that never sent anything has no such table"


def test_masked_profile_shows_no_direct_identifier(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    _publish(shop, monkeypatch)
    (one,) = profile(shop.ws, "c1", masked=True).customers
    assert (one.person["full_name"], one.person["email"]) == ("J*** S***", "j***h@example.com")
    assert "99999" not in one.person["phone"] and one.person["city"] == "Recife"


def test_lists_are_as_long_as_asked(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    _publish(shop, monkeypatch)
    (one,) = profile(shop.ws, "c1", most=1).customers
    assert len(one.contacts) == 1


def test_unknown_identifier_leads_to_nobody(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    _publish(shop, monkeypatch)
    assert profile(shop.ws, "nobody").customers == ()


def test_profile_needs_a_published_view(shop: Shop) -> None:
    with pytest.raises(GateRefused):
        profile(shop.ws, "c1")


def test_profile_shows_where_the_customer_was_sent(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    from activation.state import create_tables
    from activation.syncing import activate
    from workspace.operations import operations

    run = shop.publish([Person("c1"), Person("c2", consents=[])])
    activate(shop.ws, run)
    shop.ws.current.unlink()
    shop.day = 5
    _publish(shop, monkeypatch)
    file = shop.ws.current.resolve() / "unavista.duckdb"
    with operations(shop.ws) as con:
        create_tables(con)
        con.execute(f"attach '{file}' as view")
        con.execute("create table view.ops.sync_state as from sync_state")
        con.execute("create table view.ops.sync_rows as from sync_rows")
    (one,) = profile(shop.ws, "c1").customers
    assert [(row["sync_id"], row["status"]) for row in one.destinations] == [("buyers_to_files", "member")]
