"""Why two records are apart: every reason that applies, in sentences, from the view that is read."""

from __future__ import annotations

from datetime import datetime

import pytest
from stdnum.br import cpf

from identity import explaining_apart
from identity.configuration import load_identity_config
from identity.explaining import explain
from identity.explaining_sides import read_sides
from identity.lookup import find_records
from identity.lookup_keys import index_published, lookup_key
from identity.near_rules import READ, WORDS, near_rules
from identity.review.decisions import record_decision
from identity.rule_conditions import BLOCK_CONDITIONS, CONDITIONS
from workspace.sql import connect

IDENTITY = """
overrides:
  - {identifier: email, value: loja@uol.com.br, decision: block, reason: store, by: Rui}
  - {identifier: local_number, value: "81230022", decision: block, reason: switchboard, by: Rui}
"""
FIRST, SECOND, THIRD, FOURTH = (
    base + cpf._calc_check_digits(base) for base in ("529982247", "111444777", "111444778", "111444779")
)


def record_of(lake, source_id: str) -> str:
    return lake.table("customer_records", f"select record_id from t where source_customer_id = '{source_id}'")[0][0]


def reasons(lake, left: str, right: str) -> tuple[str, ...]:
    found = explain(lake.ws, f"crm:{left}", f"crm:{right}")
    assert not found.is_same_customer
    assert explain(lake.ws, f"crm:{right}", f"crm:{left}").reasons == found.reasons
    return found.reasons


@pytest.fixture(scope="module")
def people(shared_lake):
    lake = shared_lake
    lake.customers(
        {"id": "1", "person_name": "Ana Souza Lima", "document_number": FIRST, "email": "ana@uol.com.br"},
        {"id": "2", "person_name": "Ana Souza Lima", "document_number": SECOND, "email": "ana@uol.com.br"},
        {"id": "3", "person_name": "Rita Prado", "email": "loja@uol.com.br", "birth_date": "1980-01-02"},
        {"id": "4", "person_name": "Rita Prado", "email": "loja@uol.com.br", "birth_date": "1991-05-09"},
        {"id": "5", "person_name": "Otto Reis", "phone": "(21) 98123-0001", "birth_date": "1980-01-02"},
        {"id": "6", "person_name": "Otto Reis", "phone": "(21) 98123-0001", "birth_date": "1991-05-09"},
        {"id": "7", "person_name": "Iara Nunes", "phone": "(21) 98123-0002"},
        {"id": "8", "person_name": "Bruno Melo", "phone": "(21) 98123-0002"},
        {"id": "9", "phone": "(21) 98123-0002", "account_id": "a9"},
        {"id": "10", "person_name": "Zeca Dias", "document_number": FIRST},
        {"id": "11", "person_name": "José Alves Filho", "phone": "(11) 3123-4567"},
        {"id": "12", "person_name": "José Alves", "phone": "(11) 3123-4567"},
        {"id": "13", "person_name": "Caio Reis", "email": "caio@uol.com.br"},
        {"id": "14", "person_name": "Caio Reis", "email": "caio@uol.com.br", "phone": "(31) 98123-0005"},
        {"id": "16", "person_name": "Dora Reis", "phone": "(21) 98123-0007"},
        {"id": "17", "person_name": "Dora Vaz", "phone": "(31) 98123-0007"},
        {"id": "18", "person_name": "Lia Costa", "phone": "(21) 3123-0008", "birth_date": "1980-01-02"},
        {"id": "19", "person_name": "Lia Costa", "phone": "(21) 93123-0008", "birth_date": "1991-05-09"},
        {"id": "20", "person_name": "Nina Paz", "phone": "98123-0020", "birth_date": "1980-01-02"},
        {"id": "21", "person_name": "Nina Paz", "phone": "98123-0020", "birth_date": "1991-05-09"},
        {"id": "22", "person_name": "Vera Mota", "phone": "98123-0022"},
        {"id": "23", "person_name": "Vera Cruz", "phone": "98123-0022"},
        *({"id": f"15{n}", "person_name": "Gil Alves", "postal_code": "01310-100", "document_number": number,
           "email": f"gil{n}@uol.com.br"} for n, number in enumerate((THIRD, FOURTH, None))),
    )  # fmt: skip
    lake.sales({"id": "r", "phone": "(21) 98123-0002"})
    lake.resolve()
    record_decision(lake.ws, record_of(lake, "13"), record_of(lake, "14"), "different", by="Maria", reason="twins")
    lake.resolve()
    return lake


def test_every_condition_has_words():
    assert set(WORDS) == {*CONDITIONS, *BLOCK_CONDITIONS, "both_named"}


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("1", "2", {"their documents are valid and differ: two valid documents never make one customer",
                    "they share e-mail, but documents differ", "they share full name, but documents differ"}),
        ("3", "4", {"the e-mail they share (l***a@uol.com.br) does not join them: override: store (Rui)",
                    "they share full name, but birth dates differ"}),
        ("5", "6", {"they share telephone, but birth dates differ", "they share full name, but birth dates differ"}),
        ("7", "8", {"they share telephone, but given names differ",
                    "the telephone they share (+55*********02) does not join them: "
                    "records without name follow nobody: 2 given names share the value"}),
        ("7", "9", {"they share telephone, but one of them has no name",
                    "the telephone they share (+55*********02) does not join them: "
                    "records without name follow nobody: 2 given names share the value"}),
        ("1", "10", {"they share document, but names differ"}),
        ("11", "12", {"they share telephone, but one of them is of another generation (Filho, Neto)",
                      "they share full name, but one of them is of another generation (Filho, Neto)"}),
        ("150", "152", {"they share given name and family name and postal code, but two people are known to share it",
                        "they share full name, but the name is too common to join them by itself or two people are "
                        "known to share it"}),
        ("16", "17", {"they share telephone without area code and given name, but both are whole numbers of "
                      "different areas"}),
        ("18", "19", {"they share telephone without area code and given name, but birth dates differ",
                      "they share full name, but birth dates differ"}),
        ("20", "21", {"they share telephone without area code and given name, but birth dates differ",
                      "they share full name, but birth dates differ"}),
        ("22", "23", {"the telephone without area code they share (******22) does not join them: "
                      "override: switchboard (Rui)"}),
        ("3", "5", {"they share no evidence"}),
    ],
)  # fmt: skip
def test_reasons_that_keep_two_people_apart(people, monkeypatch, left, right, expected):
    assert set(reasons(people, left, right)) == expected
    # of customers with many records, one record stands for all that show the same
    monkeypatch.setattr(explaining_apart, "read_sides", lambda tables, found, most: read_sides(tables, found, most=0))
    assert set(reasons(people, left, right)) == expected


def test_why_not_answers_when_no_rule_reads_numbers_without_area_code(people):
    config = load_identity_config()
    others = config.model_copy(update={"rules": [one for one in config.active_rules if "local_number" not in one.on]})
    row = {"record_id": "a", "full_name": "Ana Lima", "phone_key": "+5521981230001"} | dict.fromkeys(
        name for name in READ if name not in ("record_id", "full_name", "phone_key")
    )
    held = [{"record_id": one, "kind": "phone", "value": "+5521981230001", "is_blocked": False} for one in ("a", "b")]
    found = near_rules(others, [row], [row | {"record_id": "b", "full_name": "Rui Melo"}], held)
    assert "same_phone_and_given_name" in found


def test_decision_is_said_with_who_and_why_and_what_it_refused(people):
    said = reasons(people, "13", "14")
    assert said[0].startswith("Maria decided on ") and said[0].endswith("that they are different: twins")
    assert (
        "same email and given name (c***o@uol.com.br) speaks for one customer, but a person decided otherwise" in said
    )


def test_record_without_customer_says_so(people):
    (record,) = people.table("customer_records", "select record_id from t where contract = 'pos_sales'")[0]
    assert (
        explain(people.ws, record, "crm:3").reasons[0] == "the first has no customer: nothing in it identifies anybody"
    )


def test_decisions_that_no_run_has_heeded_are_announced(lake):
    lake.customers(
        {"id": "1", "person_name": "Ana Lima", "email": "ana@uol.com.br"},
        {"id": "2", "person_name": "Ana Lima", "email": "ana@uol.com.br", "phone": "(11) 98123-4567"},
        {"id": "3", "person_name": "Rui Costa", "email": "rui@uol.com.br"},
    )
    lake.resolve()
    record_decision(lake.ws, record_of(lake, "1"), record_of(lake, "3"), "same", by="Maria")
    assert reasons(lake, "1", "3")[0].endswith("that they are same; the next run will join them")
    record_decision(lake.ws, record_of(lake, "1"), record_of(lake, "3"), "unsure", by="Maria")
    record_decision(lake.ws, record_of(lake, "1"), record_of(lake, "2"), "different", by="Rui")
    joined = explain(lake.ws, "crm:1", "crm:2")
    assert joined.is_same_customer and joined.reasons[-1].endswith("the next run will part them")


def test_decided_edge_is_shown_among_the_evidence(lake):
    lake.customers(
        {"id": "1", "person_name": "Ana Lima", "email": "ana@uol.com.br"},
        {"id": "2", "person_name": "Rita Prado", "phone": "(11) 98123-4567"},
    )
    lake.resolve()
    record_decision(lake.ws, record_of(lake, "1"), record_of(lake, "2"), "same", by="Maria")
    lake.resolve()
    found = explain(lake.ws, "crm:1", "crm:2")
    assert [step.rule_name for step in found.steps] == ["decided_same"]
    assert found.reasons[0].endswith("a person decided that they are the same")


def test_nameless_record_between_two_people_is_named_as_the_cause(lake):
    lake.customers(
        {"id": "1", "person_name": "Ana Lima", "email": "ana@uol.com.br"},
        {"id": "2", "email": "ana@uol.com.br", "phone": "(11) 98123-4567"},
        {"id": "3", "person_name": "Rita Prado", "phone": "(11) 98123-4567"},
    )
    lake.resolve()
    apart = "2" if lake.customer_of("2") != lake.customer_of("1") else "3"
    other = "1" if apart == "2" else "2"
    assert any("a record without name would have joined two people" in one for one in reasons(lake, apart, other))


def test_erased_person_is_said_to_be_erased(lake):
    row = {"id": "1", "person_name": "Ana Lima", "email": "ana.lima@gmail.com", "document_number": FIRST}
    lake.customers(row, {"id": "2", "person_name": "Rui Costa", "email": "rui@uol.com.br"})
    lake.resolve()
    lake.publish()
    lake.customers(row | {"deleted_at": datetime(2025, 3, 1), "updated_at": datetime(2025, 3, 1)})
    lake.resolve()
    lake.publish()
    assert "erased on 2025-03-01" in explain(lake.ws, "ana.lima@gmail.com", "crm:2").reasons[0]
    assert "the first was erased on 2025-03-01" in explain(lake.ws, record_of(lake, "1"), "crm:2").reasons[0]


def test_key_in_python_is_the_key_in_sql(people):
    with connect(people.ws) as con:
        folder = people.ws.build / "identity"
        written = set(con.execute(f"from read_parquet('{folder / 'lookup_keys.parquet'}')").fetchall())
        assert {row[0] for row in written} >= {lookup_key("email", "ana@uol.com.br"), lookup_key("document", FIRST)}
        assert lookup_key("email", "loja@uol.com.br") not in {row[0] for row in written}, "blocked values name nobody"
        # a publication from before the index gets the same one
        index_published(con, folder)
        assert set(con.execute("select * from lookup_keys").fetchall()) == written


def test_publication_without_an_index_is_asked_like_any_other(people):
    asked = ("crm:1", "ana@uol.com.br", FIRST, "loja@uol.com.br", "nobody@uol.com.br")
    answers = [find_records(people.ws, text) for text in asked]
    index = people.ws.build / "identity" / "lookup_keys.parquet"
    moved = index.rename(index.with_suffix(".away"))
    assert [find_records(people.ws, text) for text in asked] == answers
    assert [bool(found) for found in answers] == [True, True, True, False, False]
    moved.rename(index)


def test_scored_pairs_show_their_waterfall_and_its_sum(lake):
    pytest.importorskip("splink")
    from test_identity_scoring import people as strangers

    (lake.ws.root / "identity.yml").write_text("scoring: {train: always}\n")
    names = ("person_name", "birth_date", "email", "city", "postal_code")
    lake.customers(
        *(
            {"id": str(number), **dict(zip(names, (f"{given} {family}", *rest), strict=True))}
            for number, given, family, *rest in strangers()
        )
    )
    lake.resolve()
    edges = lake.table(
        "match_edges",
        "select record_id_left, record_id_right, weight, is_within_customer from t where rule_name = 'scored'",
    )
    left, right, bits, _ = next(edge for edge in sorted(edges) if edge[3])
    joined = explain(lake.ws, left, right)
    if [step.rule_name for step in joined.steps] == ["scored"]:
        assert joined.weighed[0].bits == pytest.approx(bits, abs=1e-4)
    alone = [left for left, _, _, inside in edges if inside]
    assert alone and joined.is_same_customer
    records = [row[0] for row in lake.table("customer_records", "select record_id from t order by record_id limit 2")]
    apart = explain(lake.ws, *records)
    assert not apart.is_same_customer
    assert apart.weighed[0].bits == pytest.approx(sum(step.bits for step in apart.weighed[0].steps), abs=1e-4)
    assert "the model finds them rather two people than one" in apart.reasons[-1]
