"""Random feeds of customers who are contacted, visit, ask and buy, often at the same instant."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

Row = dict[str, Any]
CHANNELS = ("email", "sms", "direct_mail")
FIRST_DAY = datetime(2025, 2, 1)
TAGS: tuple[Row, ...] = (
    {},
    {"utm_medium": "cpc"},
    {"utm_medium": "email", "utm_campaign": "c1"},
    {"referrer_host": "www.google.com"},
)
RESPONSE_RATIOS = {"delivered": 0.8, "open": 0.4, "click": 0.2, "unsubscribe": 0.05}


def credit_feeds(seed: int, people: int = 40) -> dict[str, list[Row]]:
    """Return rows by contract: customers, orders, campaign contacts and responses, events, questions, spending."""
    luck = random.Random(seed)
    feeds: dict[str, list[Row]] = {
        "crm_customers": [
            {
                "source_system": "crm",
                "source_customer_id": f"p{person}",
                "person_name": f"Pessoa{chr(97 + person % 26)}{chr(97 + person // 26)} Silva",
                "email": f"pessoa{person}@mail.example",
            }
            for person in range(people)
        ],
        "ecommerce_orders": [_order(luck, {}, f"anonymous-{n}") for n in range(5)],
        "ad_spend": [_spend(month) for month in range(1, 13)],
    }
    for person in range(people):
        who = {"customer_ref_system": "crm", "customer_ref_id": f"p{person}"}
        busy = luck.randrange(1, 9)
        orders = [_order(luck, who, f"o{person}-{n}") for n in range(luck.randrange(8))]
        contacts = [_contact(luck, who, f"k{person}-{n}") for n in range(busy)]
        feeds["ecommerce_orders"] += orders
        feeds.setdefault("campaign_contacts", []).extend(contacts)
        feeds.setdefault("campaign_responses", []).extend(r for contact in contacts for r in _responses(luck, contact))
        feeds.setdefault("ecommerce_events", []).extend(
            e for n in range(busy * 6) for e in _visit(luck, who, f"{person}-{n}")
        )
        feeds.setdefault("crm_service_contacts", []).extend(_questions(luck, who, person))
    return feeds


def _instant(luck: random.Random) -> datetime:
    # Every sixth hour only, so that touches and orders often meet.
    return FIRST_DAY + timedelta(hours=luck.randrange(0, 360 * 24, 6))


def _order(luck: random.Random, who: Row, name: str) -> Row:
    return who | {
        "source_system": "shop",
        "source_order_id": name,
        "ordered_at": _instant(luck),
        "status": luck.choice(["paid", "paid", "delivered", "cancelled"]),
        "net_amount": Decimal(luck.randrange(1, 20000)) / 100,
        "currency_code": "BRL",
    }


def _contact(luck: random.Random, who: Row, name: str) -> Row:
    return who | {
        "source_system": "crm",
        "source_contact_id": name,
        "source_campaign_id": f"c{luck.randrange(3)}",
        "channel": luck.choice(CHANNELS),
        "contacted_at": _instant(luck),
        "is_control": luck.random() < 0.1,
        "cost_amount": Decimal("0.25"),
    }


def _responses(luck: random.Random, contact: Row) -> list[Row]:
    return [
        {
            "source_system": "crm",
            "source_response_id": f"{contact['source_contact_id']}-{kind}",
            "source_contact_id": contact["source_contact_id"],
            "channel": contact["channel"],
            "response_type": kind,
            "responded_at": contact["contacted_at"] + timedelta(hours=luck.randrange(240)),
            "is_machine": luck.random() < 0.2,
        }
        for kind, ratio in RESPONSE_RATIOS.items()
        if contact["channel"] != "direct_mail" and luck.random() < ratio
    ]


def _visit(luck: random.Random, who: Row, name: str) -> list[Row]:
    at, tags = _instant(luck), luck.choice(TAGS)
    session = {"session_id": f"s{name}"} if luck.random() < 0.5 else {}
    return [
        who
        | session
        | tags
        | {
            "source_system": "shop",
            "source_event_id": f"e{name}-{step}",
            "event_type": "page_view",
            "channel": "site",
            "occurred_at": at + timedelta(minutes=20 * step),
        }
        for step in range(luck.randrange(1, 4))
    ]


def _questions(luck: random.Random, who: Row, person: int) -> list[Row]:
    question = {
        "source_system": "crm",
        "source_contact_id": f"q{person}",
        "channel": "chat",
        "contact_type": "information",
    }
    return [who | question | {"opened_at": _instant(luck)}] if luck.random() < 0.5 else []


def _spend(month: int) -> Row:
    return {
        "source_system": "ads",
        "spend_date": FIRST_DAY.replace(year=2025, month=month).date(),
        "channel": "display",
        "source_campaign_id": "none",
        "cost_amount": Decimal(100),
        "currency_code": "BRL",
    }
