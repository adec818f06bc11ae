"""Review: what waits is shown masked, judged once, and the judgement holds through runs and re-deliveries."""

from __future__ import annotations

import json

import pytest
from stdnum.br import cpf
from typer.testing import CliRunner

from identity.review import queue
from identity.review.decisions import read_decisions, record_decision
from identity.review.pairs import WORDS, named_pair, read_queue, show_pair
from orchestration.cli import app
from workspace.errors import ConfigError

DOCUMENT = "529982247" + cpf._calc_check_digits("529982247")
ANA = {"id": "1", "person_name": "Ana Souza Lima", "email": "casa@uol.com.br", "phone": "(11) 98123-4567"}
ROWS = (
    ANA,
    {"id": "2", "person_name": "ANA LIMA", "email": "casa@uol.com.br", "document_number": DOCUMENT},
    {"id": "3", "person_name": "Rita Prado", "document_number": DOCUMENT, "email": "rita@uol.com.br"},
    {"id": "4", "person_name": "Otto Weber", "phone": "(21) 98123-0001"},
    {"id": "5", "person_name": "Iara Reis", "phone": "(21) 98123-0001"},
    {"id": "6", "phone": "(21) 98123-0001", "account_id": "a1"},
)


@pytest.fixture
def reviewed(lake):
    lake.customers(*ROWS)
    lake.resolve()
    lake.publish()
    return lake


def ask(lake, *arguments: str, answers: str = ""):
    result = CliRunner().invoke(
        app, ["identity", *arguments, "--workspace", str(lake.ws.root)], input=answers, standalone_mode=False
    )
    if result.exception:
        raise result.exception
    return result.output


def record_of(lake, source_id: str) -> str:
    return lake.table("customer_records", f"select record_id from t where source_customer_id = '{source_id}'")[0][0]


def again(lake):
    """Run once more on the published ids, as the next day does."""
    lake.resolve()
    lake.publish()


def test_every_reason_of_the_queue_has_words():
    assert set(WORDS) == set(queue._REASONS) | set(queue.NEAR_MERGES) | {"weak_link"}


def test_queue_is_listed_best_use_of_time_first(reviewed):
    pairs = json.loads(ask(reviewed, "review", "--json"))
    assert [pair["priority"] for pair in pairs] == sorted((pair["priority"] for pair in pairs), reverse=True)
    one_document = next(pair for pair in pairs if pair["reasons"] == ["same_document_other_name"])
    assert {one_document["record_id_left"], one_document["record_id_right"]} == {record_of(reviewed, n) for n in "23"}
    assert one_document["kind"] == "apart" and one_document["score"] == 0.9
    assert len(json.loads(ask(reviewed, "review", "--json", "--limit", "1"))) == 1
    assert "one document stands under two names" in ask(reviewed, "review", "--list")


def test_pair_is_laid_side_by_side_and_masked(reviewed):
    view = show_pair(reviewed.ws, record_of(reviewed, "1"), record_of(reviewed, "2"))
    lines = {line.field: line for line in view.lines}
    assert lines["name"].agrees is False and lines["e-mail"].agrees is True
    assert lines["document"].agrees is None and lines["document"].right == "*********25"
    assert view.shared == (("email", "c***a@uol.com.br", None),)
    assert "casa" not in str(view) and DOCUMENT not in str(view) and "Souza" not in str(view)
    shown = show_pair(reviewed.ws, record_of(reviewed, "1"), record_of(reviewed, "2"), show_values=True)
    assert DOCUMENT in str(shown) and shown.shared[0][1] == "casa@uol.com.br"


def test_session_writes_each_answer_and_asks_nothing_twice(reviewed):
    count = len(read_queue(reviewed.ws))
    assert count >= 2
    output = ask(reviewed, "review", "--by", "Maria", answers="s\nher maiden name\nq\n")
    assert "1 decided" in output and "rita@uol" not in output and DOCUMENT not in output
    (decision,) = read_decisions(reviewed.ws)
    assert (decision.decision, decision.decided_by, decision.reason) == ("same", "Maria", "her maiden name")
    assert decision.pair not in {(pair.record_id_left, pair.record_id_right) for pair in read_queue(reviewed.ws)}
    assert len(read_queue(reviewed.ws)) == count - 1


def test_unsure_is_kept_and_asked_again_only_on_request(reviewed):
    first = read_queue(reviewed.ws)[0]
    ask(reviewed, "review", "--by", "Maria", "--limit", "1", answers="u\n\n")
    assert [one.decision for one in read_decisions(reviewed.ws)] == ["unsure"]
    assert first not in read_queue(reviewed.ws) and first in read_queue(reviewed.ws, again=True)
    again(reviewed)
    assert first.review_id in {pair.review_id for pair in read_queue(reviewed.ws, again=True)}


def test_session_that_ends_without_answer_decides_nothing(reviewed):
    assert "0 decided" in ask(reviewed, "review", answers="n\nq\n")
    assert "0 decided" in ask(reviewed, "review", answers="")
    assert "0 decided" in ask(reviewed, "review", answers="s\n"), "left before the reason"
    assert read_decisions(reviewed.ws) == []


def test_contradiction_is_said_and_the_session_goes_on(reviewed):
    first = read_queue(reviewed.ws)[0]
    third = record_of(reviewed, "1")
    assert third not in (first.record_id_left, first.record_id_right)
    record_decision(reviewed.ws, first.record_id_left, third, "same", by="Rui")
    record_decision(reviewed.ws, first.record_id_right, third, "same", by="Rui")
    waiting = read_queue(reviewed.ws)
    place = waiting.index(first)
    output = ask(reviewed, "review", "--by", "Maria", answers="n\n" * place + "d\n\nq\n")
    assert "0 decided" in output
    assert [one.decided_by for one in read_decisions(reviewed.ws)] == ["Rui", "Rui"]


def test_same_joins_through_reruns_and_redeliveries_until_taken_back(reviewed):
    assert reviewed.customer_of("2") != reviewed.customer_of("3")
    ask(reviewed, "decide", "crm:2", "crm:3", "--same", "--reason", "married name", "--by", "Maria")
    again(reviewed)
    joined = reviewed.customer_of("3")
    assert reviewed.customer_of("2") == joined
    reviewed.customers(*ROWS)
    again(reviewed)
    assert reviewed.customer_of("2") == joined == reviewed.customer_of("3")
    again(reviewed)
    assert reviewed.customer_of("2") == joined
    ask(reviewed, "decide", "crm:3", "crm:2", "--unsure", "--by", "Rui")
    again(reviewed)
    assert reviewed.customer_of("2") != reviewed.customer_of("3")


def test_different_parts_through_reruns_and_redeliveries(reviewed):
    assert reviewed.customer_of("1") == reviewed.customer_of("2")
    ask(reviewed, "decide", record_of(reviewed, "1"), record_of(reviewed, "2"), "--different", "--by", "Maria")
    again(reviewed)
    apart = reviewed.customer_of("1"), reviewed.customer_of("2")
    assert apart[0] != apart[1]
    reviewed.customers(*ROWS)
    again(reviewed)
    assert (reviewed.customer_of("1"), reviewed.customer_of("2")) == apart
    ask(reviewed, "decide", "crm:1", "crm:2", "--same", "--by", "Rui")
    again(reviewed)
    assert reviewed.customer_of("1") == reviewed.customer_of("2")


def test_decisions_are_listed_with_who_and_why(reviewed):
    assert "Nobody has decided" in ask(reviewed, "decisions")
    ask(reviewed, "decide", "crm:2", "crm:3", "--same", "--reason", "married name", "--by", "Maria")
    ask(reviewed, "decide", "crm:2", "crm:3", "--different", "--reason", "two sisters", "--by", "Rui")
    assert [(one["decided_by"], one["reason"]) for one in json.loads(ask(reviewed, "decisions", "--json"))] == [
        ("Rui", "two sisters")
    ]
    assert len(json.loads(ask(reviewed, "decisions", "--all", "--json"))) == 2
    assert "two sisters" in ask(reviewed, "decisions")


@pytest.mark.parametrize("arguments", [("--same", "--different"), ()])
def test_decide_needs_exactly_one_answer(reviewed, arguments):
    with pytest.raises(ConfigError, match="one answer"):
        ask(reviewed, "decide", "crm:2", "crm:3", *arguments)


def test_arguments_of_a_decision_must_name_two_records(reviewed):
    assert set(named_pair(reviewed.ws, "casa@uol.com.br", "crm:2")) == {record_of(reviewed, n) for n in "12"}
    customer = reviewed.customer_of("1")
    assert set(named_pair(reviewed.ws, customer, customer)) == {record_of(reviewed, n) for n in "12"}
    with pytest.raises(ConfigError, match="one record"):
        named_pair(reviewed.ws, "crm:1", "crm:1")
    with pytest.raises(ConfigError, match="no record"):
        named_pair(reviewed.ws, "nobody@uol.com.br", "crm:1")
    with pytest.raises(ConfigError, match="several customers"):
        named_pair(reviewed.ws, DOCUMENT, "crm:1")


def test_words_of_people_are_never_read_as_markup(reviewed):
    ask(reviewed, "decide", "crm:2", "crm:3", "--same", "--reason", "[bold]x[/bold]", "--by", "Maria")
    assert "[bold]x[/bold]" in ask(reviewed, "decisions")
