"""What the published links rest on: edges name a block, and the value is looked up when they are written."""

from __future__ import annotations

from datetime import datetime

from identity.hashing import hash_salt, hash_value

VALID, SLIP, INVALID = "52998224725", "52998224735", "12345678999"


def values_of(lake) -> set[tuple[str, str, str | None, str | None]]:
    """Return (smaller source id, larger source id, rule, kind, value) of each link, the value found by its hash."""
    salt = hash_salt(lake.ws)
    shown = [row[0] for row in lake.table("customer_identifiers", "select distinct identifier_value from t")]
    known = {hash_value(value, salt): value for value in shown}
    names = dict(lake.table("customer_records", "select record_id, coalesce(source_customer_id, 'visitor') from t"))
    return {
        (*sorted((names[left], names[right])), rule, kind, known.get(digest))
        for left, right, rule, kind, digest in lake.table(
            "match_edges", "select record_id_left, record_id_right, rule_name, identifier_kind, identifier_hash from t"
        )
    }


def test_each_kind_of_link_names_the_value_that_both_records_show(lake):
    lake.customers(
        {"id": "m1", "person_name": "Ana Lima", "email": "ana.lima@uol.com.br"},
        {"id": "m2", "person_name": "Ana Lima Reis", "email": "Ana.Lima@uol.com.br"},
        {"id": "m3", "email": "ana.lima@uol.com.br"},
        {"id": "d1", "person_name": "Otto Prado", "document_number": VALID},
        {"id": "d2", "person_name": "Otto Prado", "document_number": SLIP},
        {"id": "u1", "person_name": "Rui Werner", "document_number": INVALID},
        {"id": "u2", "person_name": "Rui Werner", "document_number": INVALID, "email": "rui@uol.com.br"},
        {"id": "n1", "person_name": "Iara Yamamoto", "birth_date": datetime(1980, 2, 3)},
        {"id": "n2", "person_name": "Iara Yamamoto", "birth_date": datetime(1980, 2, 3), "email": "iara@uol.com.br"},
    )
    event = {
        "source_system": "web",
        "event_type": "page_view",
        "occurred_at": datetime(2025, 7, 1),
        "device_id": "dv-1",
    }
    lake.write(
        "ecommerce_events",
        [
            event | {"source_event_id": "e1", "customer_ref_system": "crm", "customer_ref_id": "n2"},
            event | {"source_event_id": "e2"},
        ],
    )
    lake.resolve()
    found = values_of(lake)
    assert {
        ("m1", "m2", "same_email_and_given_name", "email", "ana.lima@uol.com.br"),
        ("d1", "d2", "document_one_digit_off_and_given_name", "document", VALID),
        ("u1", "u2", "same_unverified_document_and_given_name", "document", INVALID),
        ("n1", "n2", "same_name_and_birth_date", None, None),
    } <= found
    assert ("visitor", "visitor", "same_device", "device", "DV1") in found
    nameless = {one for one in found if "m3" in one[:2]}
    assert nameless and {one[3:] for one in nameless} == {("email", "ana.lima@uol.com.br")}


def test_a_refused_link_names_its_value_too(lake):
    lake.customers(
        {"id": "a", "person_name": "Ana Lima", "document_number": VALID, "email": "ana@uol.com.br"},
        {"id": "b", "person_name": "Ana Lima", "document_number": "11144477735", "phone": "11981234567"},
        {"id": "c", "person_name": "Ana Lima", "email": "ana@uol.com.br", "phone": "11981234567"},
    )
    lake.resolve()
    assert ("b", "c", "same_phone_and_given_name", "phone", "+5511981234567") in values_of(lake)
    # of two links the weaker one, and people are asked about it
    assert lake.table("match_edges", "select identifier_kind from t where not is_within_customer") == [("phone",)]
    assert lake.table("review_queue", "select reasons from t where kind = 'apart'") == [("refused_phone",)]
