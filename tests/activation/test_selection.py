from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import pytest
from activation_shop import SYNC, Person, Shop

from activation.selection import holdout_share_sql
from activation.syncing import activate
from workspace.sql import connect

GRANTED = ("email", "marketing", "granted")


def _reasons(shop: Shop, *people: Person, **publication: object) -> dict[str, str | None]:
    """Return the reason of each person, None for those who were sent."""
    (result,) = activate(shop.ws, shop.publish(list(people), **publication))  # type: ignore[arg-type]
    assert result.eligible == sum(result.reasons.values()) + result.to_send
    rows = dict(shop.query("select customer_id, reason_code from sync_rows where operation = 'none'"))
    return {person.customer_id: rows.get(person.customer_id) for person in people}


@pytest.mark.parametrize(
    ("consents", "reason"),
    [
        ([], "no_consent_record"),
        ([("sms", "marketing", "granted")], "no_consent_record"),
        ([("email", "service", "granted")], "no_consent_record"),
        ([GRANTED], None),
        ([("email", "marketing", "revoked")], "consent_revoked"),
        ([("email", "marketing", None)], "consent_revoked"),
        ([("email", "marketing", "perhaps")], "consent_revoked"),
        ([GRANTED, ("sms", "marketing", "revoked"), ("email", "service", "revoked")], None),
    ],
)
def test_consent_fails_closed(shop: Shop, consents: list, reason: str | None) -> None:
    assert _reasons(shop, Person("c1", consents=consents)) == {"c1": reason}


def test_legal_basis_is_asked_for_when_the_policy_names_some(shop: Shop) -> None:
    shop.configure(policy={"legal_bases": {"marketing": ["consent"]}})
    people = (
        Person("c1"),
        Person("c2", legal_bases="contract"),
        Person("c3", legal_bases="consent,contract"),
        Person("c4", legal_bases=None),
    )
    refused = "legal_basis_not_accepted"
    assert _reasons(shop, *people) == {"c1": None, "c2": refused, "c3": None, "c4": refused}


def test_suppression_leaves_out_and_the_exempt_purpose_lets_through(shop: Shop) -> None:
    people = [
        Person("c1", suppressions=[("all", "erased")]),
        Person("c2", suppressions=[("email", "hard_bounce")]),
        Person("c3", suppressions=[("sms", "hard_bounce")]),
        Person("c4", suppressions=[("all", "open_complaint")]),
        Person("c5", suppressions=[("all", "open_complaint"), ("all", "minor")]),
    ]
    assert _reasons(shop, *people) == {
        "c1": "suppressed_erased",
        "c2": "suppressed_hard_bounce",
        "c3": None,
        "c4": "suppressed_open_complaint",
        "c5": "suppressed_minor",
    }
    shop.configure(policy={"exempt_suppressions": {"marketing": ["open_complaint"]}})
    found = _reasons(shop, *people)
    assert (found["c4"], found["c5"]) == (None, "suppressed_minor")


def test_shared_address_is_left_out_when_one_of_its_holders_said_no(shop: Shop) -> None:
    no = [("email", "marketing", "revoked")]
    found = _reasons(
        shop,
        Person("c1", email="home@example.com"),
        Person("c2", email="HOME@example.com", consents=no),
        Person("c3", email="other@example.com", suppressions=[("all", "open_complaint")]),
        Person("c4", email="other@example.com"),
    )
    assert found == {
        "c1": "shared_contact_opted_out",
        "c2": "consent_revoked",
        "c3": "suppressed_open_complaint",
        "c4": None,
    }


@pytest.mark.parametrize(
    ("channel", "person", "reason"),
    [
        ("email", {"email": "not an address"}, "no_valid_email"),
        ("email", {"email": ""}, "no_valid_email"),
        ("sms", {"phone": "+5581999990000"}, None),
        ("sms", {"phone": "+558133330000", "is_mobile": False}, "no_valid_mobile"),
        ("whatsapp", {"phone": "81999990000"}, "no_valid_mobile"),
        ("telemarketing", {"phone": "+558133330000", "is_mobile": False}, None),
        ("telemarketing", {}, "no_valid_phone"),
    ],
)
def test_contact_must_be_valid_for_the_channel(shop: Shop, channel: str, person: dict, reason: str | None) -> None:
    contract = "email_audience" if channel == "email" else "phone_audience"
    fields = {"customer_id": "customer_id", **({"email": "email"} if channel == "email" else {"phone": "phone"})}
    shop.configure(audience={"channel": channel}, sync={"contract": contract, "fields": fields})
    assert _reasons(shop, Person("c1", consents=[("all", "marketing", "granted")], **person)) == {"c1": reason}


def test_holdout_share_has_the_published_values() -> None:
    with connect() as con:
        share = con.execute(f"select {holdout_share_sql(chr(39) + 'salt2026' + chr(39), chr(39) + '42' + chr(39))}")
        assert share.fetchall() == [(0.5888024794403464,)]
        ten = con.execute(
            f"select count(*) filter (where {holdout_share_sql(chr(39) + 'salt2026' + chr(39), 'n')} < 0.1) / count(*) "
            "from (select cast(range as varchar) as n from range(200000))"
        ).fetchall()[0][0]
    assert abs(ten - 0.1) < 0.002
    assert hashlib.md5(b"salt2026:42").hexdigest()[:8] == "96bbc261"


def test_held_out_people_stay_out_in_every_run_and_a_merge_keeps_the_strictest(shop: Shop) -> None:
    shop.configure(audience={"holdout": {"percent": 30, "salt": "s"}})
    people = [Person(f"c{number}") for number in range(60)]
    first = _reasons(shop, *people)
    held = {name for name, reason in first.items() if reason == "held_out"}
    expected = {
        p.customer_id
        for p in people
        if int(hashlib.md5(f"s:{p.customer_id}".encode()).hexdigest()[:8], 16) / 2**32 < 0.3
    }
    assert held == expected and 5 < len(held) < 30
    control, treated = min(held), min(set(first) - held)
    merged = [p for p in people if p.customer_id != control]
    after = _reasons(shop, *merged, aliases={control: treated})
    assert after[treated] == "held_out"
    assert {name for name, reason in after.items() if reason == "held_out"} == held - {control} | {treated}


def test_cap_holds_back_newcomers_and_counts_own_sends_once(shop: Shop) -> None:
    cap = {"channel": "email", "max_contacts": 2, "days": 10}
    shop.configure(policy={"frequency_caps": [cap]})
    day = datetime.fromisoformat("2026-01-01")
    contacts = [
        ("i1", "c1", "email", "outbound", day, None),
        ("i2", "c1", "email", "outbound", day, None),
        ("i3", "c2", "email", "outbound", day, None),
        ("i4", "c2", "email", "inbound", day, None),
        ("i5", "c2", "sms", "outbound", day, None),
        ("i6", "c3", "email", "outbound", day - timedelta(days=60), None),
        ("i7", "c3", "email", "outbound", day - timedelta(days=61), None),
    ]
    people = [Person("c1"), Person("c2"), Person("c3")]
    assert _reasons(shop, *people, interactions=contacts) == {"c1": "capped", "c2": None, "c3": None}
    key = shop.query("select message_key from sync_rows where customer_id = 'c3' and status = 'succeeded'")[0][0]
    shop.write("syncs.yml", {"syncs": {"second": SYNC}})
    returned = [*contacts, ("i8", "c3", "email", "outbound", day, key)]
    assert _reasons(shop, *people, interactions=returned) == {"c1": "capped", "c2": "capped", "c3": None}


def test_limit_takes_the_first_in_order_and_counts_the_rest(shop: Shop) -> None:
    shop.configure(audience={"limit": 2, "order_by": ["net_revenue_amount desc"]})
    people = [Person(f"c{number}", revenue=str(number)) for number in range(1, 5)]
    people[3].consents = []
    assert _reasons(shop, *people) == {"c1": "over_limit", "c2": None, "c3": None, "c4": "no_consent_record"}
