"""Explanations and look-ups read what a person would type, and hide values unless asked."""

from __future__ import annotations

import duckdb
import pytest
from stdnum.br import cpf

from identity.explaining import explain
from identity.hashing import hash_salt, hash_value
from identity.lookup import find_customers
from identity.masking import mask_value
from workspace.errors import ConfigError

DOCUMENT = "529982247" + cpf._calc_check_digits("529982247")


@pytest.fixture
def resolved(lake):
    lake.customers(
        {"id": "1", "person_name": "Ana Souza Lima", "document_number": DOCUMENT, "email": "ana.lima@gmail.com", "loyalty_card_id": "000777"},
        {"id": "2", "person_name": "ANA LIMA", "email": "analima+x@gmail.com", "phone": "(11) 98123-4567"},
        {"id": "3", "person_name": "Ana", "phone": "11 8123-4567", "account_id": "acc-9"},
        {"id": "4", "person_name": "Otto Weber", "email": "ana.lima@gmail.com"},
        {"id": "5", "person_name": "Rita Prado", "email": "rita@uol.com.br"},
    )  # fmt: skip
    lake.resolve()
    return lake


def test_path_goes_from_evidence_to_evidence_with_masked_values(resolved):
    explanation = explain(resolved.ws, "529.982.247-25", "acc-9")
    assert explanation.is_same_customer
    assert [step.rule_name for step in explanation.steps] == ["same_email_and_given_name", "same_phone_and_given_name"]
    assert [step.value for step in explanation.steps] == ["a***a@gmail.com", "+55*********67"]
    assert "analima" not in str(explanation) and DOCUMENT not in str(explanation)
    shown = explain(resolved.ws, "529.982.247-25", "acc-9", show_values=True)
    assert [step.value for step in shown.steps] == ["analima@gmail.com", "+5511981234567"]


def test_what_keeps_two_people_apart_is_said(resolved):
    explanation = explain(resolved.ws, "crm:4", "crm:1")
    assert not explanation.is_same_customer
    assert explanation.reasons == ("they share e-mail, but given names differ",)
    assert explain(resolved.ws, "crm:5", "crm:3").reasons == ("they share no evidence",)
    assert explain(resolved.ws, "nobody@uol.com.br", "crm:3").reasons == ("no record is known by the first identifier",)


@pytest.mark.parametrize(
    "identifier",
    ["52998224725", "529.982.247-25", "ANALIMA@googlemail.com", "+55 11 98123-4567", "777", "acc-9", "1", "crm:2"],
)
def test_any_identifier_finds_its_customer(resolved, identifier):
    assert resolved.customer_of("1") in find_customers(resolved.ws, identifier)


def test_customer_and_record_ids_find_themselves_and_unknown_things_nobody(resolved):
    customer = resolved.customer_of("1")
    record = resolved.table("customer_records", "select record_id from t where source_customer_id = '3'")[0][0]
    assert find_customers(resolved.ws, customer) == [customer] == find_customers(resolved.ws, record)
    assert find_customers(resolved.ws, "'; drop table x; --") == []


def test_retired_id_leads_to_the_customer_of_today(lake):
    lake.customers(
        {"id": "1", "person_name": "Ana Lima", "document_number": DOCUMENT},
        {"id": "2", "person_name": "Ana Lima", "phone": "11981234567"},
    )
    lake.resolve()
    ids = {lake.customer_of("1"), lake.customer_of("2")}
    lake.publish()
    lake.customers({"id": "3", "person_name": "Ana Lima", "document_number": DOCUMENT, "phone": "11981234567"})
    lake.resolve()
    today = lake.customer_of("3")
    (retired,) = ids - {today}
    lake.publish()
    assert find_customers(lake.ws, retired) == [today]


def test_protocol_and_order_numbers_are_read_from_the_published_marts(resolved):
    customer = resolved.customer_of("1")
    resolved.publish()
    file = resolved.ws.published_file
    con = duckdb.connect(str(file))
    con.execute("create schema marts")
    con.execute(
        "create table marts.fct_service_contacts as select ? as customer_id, '2026-000123' as protocol_number",
        [customer],
    )
    con.close()
    assert find_customers(resolved.ws, "2026-000123") == [customer]
    told = explain(resolved.ws, "2026-000123", "crm:1")
    assert told.left == (customer,) and told.reasons == ("both name this customer",)
    assert explain(resolved.ws, "crm:1", "crm:1").reasons == ("one record carries both",)


def test_unresolved_workspace_says_what_to_do(lake):
    with pytest.raises(ConfigError, match="not been resolved"):
        find_customers(lake.ws, "x@uol.com.br")


def test_identifier_hash_is_the_salted_sha256(resolved, monkeypatch):
    salt = hash_salt(resolved.ws)
    hashes = dict(resolved.table("customer_identifiers", "select identifier_value, identifier_hash from t"))
    assert hashes[DOCUMENT] == hash_value(DOCUMENT, salt)
    monkeypatch.setenv("UNAVISTA_HASH_SALT", "other")
    assert hash_salt(resolved.ws) == "other"


def test_masks():
    assert mask_value("email", "ana@uol.com.br") == "a***a@uol.com.br"
    assert mask_value("name", "Ana Lima") == "A*** L***"
    assert mask_value("birth_date", "1984-05-17") == "1984-**-**"
    assert mask_value("document", "52998224725") == "*********25"
    assert mask_value("document", None) is None
