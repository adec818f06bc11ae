"""What decisions amount to, for people whose records said opposite things, and that activation reads the same answer."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from conftest import AS_OF, Shop

pytestmark = pytest.mark.slow

PEOPLE = 160
REACHED = ("email", "sms", "whatsapp", "telemarketing", "direct_mail")
CONSENT_CHANNEL = {"telemarketing": "phone", "direct_mail": "mail"}
Decision = tuple[str, str, str, datetime]


@pytest.fixture(scope="module")
def opposed(open_shop: Callable[..., Shop]) -> tuple[Shop, dict[str, list[Decision]]]:
    """A built shop in which every person has two registrations, and what the two said together."""
    from dbt_project.building import build

    shop, luck = open_shop("opposed"), random.Random(9)
    said: dict[str, list[Decision]] = defaultdict(list)
    customers: list[dict[str, Any]] = []
    consents: list[dict[str, Any]] = []
    for number in range(PEOPLE):
        first, second = chr(97 + number % 26), chr(97 + number // 26)
        shared = f"casa{number // 8}@mail.example" if number % 8 < 2 else f"pessoa{number}@mail.example"
        for system in ("crm", "legacy"):
            customers.append(
                {
                    "source_system": system,
                    "source_customer_id": f"c{number}",
                    "person_name": f"Pessoa{first}{second} Silva{first}{second}",
                    "birth_date": datetime(1960 + number % 40, 1 + number % 12, 1 + number % 28).date(),
                    "email": shared,
                    "phone": f"+55 11 {'9' if number % 3 else ''}{luck.randrange(4000, 5999)}-{number:04}",
                    "street": "Rua Um" if number % 2 else None,
                    "street_number": str(number),
                    "postal_code": "01001-000",
                    "updated_at": datetime(2025, 1, 1),
                }
            )
        for place in range(luck.randrange(5)):
            system = luck.choice(["crm", "legacy"])
            decision = (
                luck.choice(["email", "sms", "phone", "mail", "all"]),
                luck.choice(["marketing", "marketing", "all", "service"]),
                luck.choice(["granted", "granted", "revoked"]),
                datetime(2025, 3, 1) + timedelta(days=luck.randrange(4)),
            )
            said[f"c{number}"].append(decision)
            consents.append(
                dict(zip(("channel", "purpose", "status", "decided_at"), decision, strict=True))
                | {"source_system": system, "source_consent_id": f"{number}-{place}"}
                | {"customer_ref_system": system, "customer_ref_id": f"c{number}"}
            )
    shop.land("crm_customers", customers)
    shop.land("crm_consents", consents)
    shop.resolve()
    build(shop.ws, shop.run).require_good()
    return shop, said


def allowed(decisions: list[Decision], channel: str, purpose: str) -> bool:
    """Say the rule in words: a yes counts when every no that applies is older than it and no more specific than it."""
    latest: dict[tuple[str, str], Decision] = {}
    for one in sorted(decisions, key=lambda one: (one[3], one[2] == "revoked")):
        latest[one[:2]] = one
    applicable = [one for key, one in latest.items() if key[0] in (channel, "all") and key[1] in (purpose, "all")]
    refusals = [one for one in applicable if one[2] == "revoked"]
    return any(
        all(no[3] < yes[3] and all(no[i] == "all" or yes[i] != "all" for i in (0, 1)) for no in refusals)
        for yes in applicable
        if yes[2] == "granted"
    )


def test_permissions_agree_with_the_rule_said_in_words(opposed: tuple[Shop, dict[str, list[Decision]]]) -> None:
    shop, said = opposed
    found = {
        (person, channel, purpose): status == "granted"
        for person, channel, purpose, status in shop.query(
            "select r.source_customer_id, p.consent_channel, p.purpose, p.status from marts.dim_customer_permissions p "
            "join marts.bridge_customer_records r using (customer_id) where r.source_system = 'crm' and r.is_registration"
        )
    }
    wanted = {
        (person, channel, purpose): allowed(decisions, channel, purpose)
        for person, decisions in said.items()
        for channel in ("email", "sms", "phone", "mail", "ads")
        for purpose in ("marketing", "service")
    }
    assert {key: found.get(key, False) for key in wanted} == wanted
    assert 0.2 < sum(wanted.values()) / len(wanted) < 0.8


def test_records_that_disagree_are_one_customer(opposed: tuple[Shop, dict[str, list[Decision]]]) -> None:
    shop, _ = opposed
    assert shop.query("select count(*) from marts.dim_customers where record_count = 2") == [(PEOPLE,)]
    both = shop.query(
        "select count(distinct a.customer_id) from intermediate.int_customer_consents_unioned a "
        "join intermediate.int_customer_consents_unioned b using (customer_id) "
        "where a.source_system = 'crm' and b.source_system = 'legacy' and a.status <> b.status"
    )
    assert both[0][0] > 15


def test_marts_and_activation_say_the_same(opposed: tuple[Shop, dict[str, list[Decision]]]) -> None:
    shop, _ = opposed
    agreed = 0
    for channel in REACHED:
        column = f"can_{CONSENT_CHANNEL.get(channel, channel)}"
        said = {row[0] for row in shop.query(f"select customer_id from marts.customer_360 where {column}")}
        assert sent_on(shop, channel) == said, channel
        agreed += len(said)
    assert agreed > 100


def sent_on(shop: Shop, channel: str) -> set[str]:
    """Return the customers whom activation would send marketing on a channel."""
    from activation.configuration import Audience, Policy
    from activation.permissions import Stages
    from activation.selection import select_people
    from workspace.sql import connect, quote_literal

    audience = Audience(name="all", description="Everyone.", where="true", purpose="marketing", channel=channel)
    with connect(shop.ws) as con:
        con.execute(f"attach {quote_literal(shop.ws.build_file)} as published (read_only)")
        con.execute("create temp table aliases (retired_customer_id varchar, customer_id varchar)")
        con.execute("create temp table members (customer_id varchar)")
        stages = Stages(audience, CONSENT_CHANNEL.get(channel, channel), Policy(), AS_OF)
        select_people(con, stages, own_sends=False)
        return {row[0] for row in con.execute("select customer_id from selection where reason is null").fetchall()}
