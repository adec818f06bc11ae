from __future__ import annotations

import json
import time

import pytest
from activation_shop import SOURCES, Person, Shop
from receiving_server import Receiver

from activation import http_delivery, syncing
from activation.syncing import activate
from workspace.errors import ConfigError

PEOPLE = [Person(f"c{number}") for number in range(1, 8)]
IDS = {person.customer_id for person in PEOPLE}


def _connect(shop: Shop, receiver: Receiver, **options: object) -> None:
    shop.configure(destination=receiver.destination(**options))


def test_audience_arrives_in_batches_when_all_goes_well(shop: Shop, receiver: Receiver) -> None:
    _connect(shop, receiver, max_rows=3)
    run = shop.publish(PEOPLE)
    (result,) = activate(shop.ws, run)
    assert (result.status, result.calls) == ("completed", 3)
    assert set(receiver.members) == IDS
    assert receiver.members["c1"] == {
        "customer_id": "c1",
        "email": "c1@example.com",
        "given_name": "Ana",
        "city": "Recife",
    }
    assert result.succeeded == {"add": 7, "change": 0, "remove": 0}
    (again,) = activate(shop.ws, run)
    assert (again.calls, again.reasons, len(receiver.requests)) == (0, {"skipped_same": 7}, 3)
    assert again.succeeded == result.succeeded, "the record of the run does not forget its first attempt"


def test_batches_stay_under_the_byte_limit_when_rows_differ_in_size(shop: Shop, receiver: Receiver) -> None:
    people = [Person(f"c{number:02d}", given_name="x" * (7 * number)) for number in range(40)]
    _connect(shop, receiver, max_rows=100, max_bytes=2000)
    run = shop.publish([*people, Person("huge", given_name="x" * 3000)])
    (result,) = activate(shop.ws, run)
    sizes = [len(request["body"]) for request in receiver.requests]
    assert max(sizes) <= 2000 and len(sizes) < 25
    assert len(receiver.members) == 40 and "huge" not in receiver.members
    assert result.status == "partial"
    rows = shop.query("select customer_id, status, provider_code, attempts from sync_rows where status = 'rejected'")
    assert rows == [("huge", "rejected", "row_too_large", 0)]


def test_retry_after_is_waited_for_when_the_server_is_busy(shop: Shop, receiver: Receiver) -> None:
    _connect(shop, receiver)
    receiver.faults.extend(["429", "503"])
    started = time.monotonic()
    (result,) = activate(shop.ws, shop.publish(PEOPLE))
    assert time.monotonic() - started >= 1
    assert receiver.requests[1]["at"] - receiver.requests[0]["at"] >= 1
    assert result.status == "completed" and result.calls == 3
    assert set(receiver.members) == IDS


def test_sync_stops_with_nobody_confirmed_when_the_wait_asked_for_is_too_long(shop: Shop, receiver: Receiver) -> None:
    retry = {"attempts": 5, "first_wait_seconds": 0.01, "longest_retry_after_seconds": 0.5}
    _connect(shop, receiver, retry=retry)
    receiver.faults.append("429")
    run = shop.publish(PEOPLE)
    (result,) = activate(shop.ws, run)
    assert (result.status, result.calls) == ("partial", 1)
    assert "http_429" in (result.message or "")
    assert shop.query("select distinct status from sync_state") == [("unanswered",)]
    (again,) = activate(shop.ws, run)
    assert again.status == "completed" and set(receiver.members) == IDS


def test_row_counts_once_when_the_answer_never_came(shop: Shop, receiver: Receiver) -> None:
    _connect(shop, receiver, max_rows=3)
    receiver.faults.extend(["ok", "hang", "hang", "hang"])
    run = shop.publish(PEOPLE)
    (result,) = activate(shop.ws, run)
    assert result.status == "partial" and "timeout" in (result.message or "")
    assert result.succeeded["add"] == 3 and result.failed["add"] == 3 and result.planned["add"] == 7
    statuses = dict(shop.query("select status, count(*) from sync_rows where operation = 'add' group by 1"))
    assert statuses == {"succeeded": 3, "unknown": 3, "not_attempted": 1}
    (again,) = activate(shop.ws, run)
    assert again.status == "completed" and set(receiver.members) == IDS
    assert set(receiver.effects.values()) == {1}
    assert again.succeeded["add"] == 7 and again.failed["add"] == 0


def test_only_the_bad_row_is_refused_when_the_answer_names_it(shop: Shop, receiver: Receiver) -> None:
    _connect(shop, receiver)
    receiver.bad_rows = {"c3"}
    (result,) = activate(shop.ws, shop.publish(PEOPLE))
    assert result.status == "partial" and result.failed["add"] == 1
    assert set(receiver.members) == IDS - {"c3"}
    assert shop.query("select customer_id, provider_code from sync_rows where status = 'rejected'") == [
        ("c3", "bad_row_c3_x")
    ]
    receiver.bad_rows = set()
    (again,) = activate(shop.ws, shop.publish(PEOPLE))
    assert again.planned["add"] == 1 and set(receiver.members) == IDS


def test_batch_is_bisected_when_one_row_makes_it_a_bad_request(shop: Shop, receiver: Receiver) -> None:
    _connect(shop, receiver)
    receiver.poison_rows = {"c5"}
    (result,) = activate(shop.ws, shop.publish(PEOPLE))
    assert set(receiver.members) == IDS - {"c5"}
    assert result.failed == {"add": 1, "change": 0, "remove": 0}
    assert result.calls <= 7, "one bad row among seven costs at most two calls a halving"
    assert shop.query("select customer_id, provider_code from sync_rows where status = 'rejected'") == [
        ("c5", "http_400")
    ]


def test_row_rests_when_it_was_refused_too_often_until_its_data_change(shop: Shop, receiver: Receiver) -> None:
    shop.configure(destination=receiver.destination(), sync={"max_attempts": 2})
    receiver.bad_rows = {"c1"}
    for planned in (1, 1, 0):
        (result,) = activate(shop.ws, shop.publish([Person("c1")]))
        assert result.planned["add"] == planned
    assert result.reasons == {"resting": 1}
    receiver.bad_rows = set()
    (result,) = activate(shop.ws, shop.publish([Person("c1", city="Olinda")]))
    assert result.succeeded["add"] == 1 and set(receiver.members) == {"c1"}


def test_sync_stops_when_the_destination_does_not_know_us(shop: Shop, receiver: Receiver) -> None:
    _connect(shop, receiver, max_rows=2)
    receiver.faults.append("401")
    (result,) = activate(shop.ws, shop.publish(PEOPLE))
    assert (result.status, result.calls) == ("partial", 1)
    assert shop.query("select distinct status from sync_state") == [("unanswered",)]


def test_request_is_signed_and_carries_the_secret_headers(
    shop: Shop, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.secret = "shh"
    monkeypatch.setenv("SIGNING", "shh")
    monkeypatch.setenv("TOKEN", "abc")
    monkeypatch.setenv("HOUSE_KEY", "def")
    _connect(
        shop,
        receiver,
        signing_secret_env="SIGNING",
        bearer_token_env="TOKEN",
        secret_headers={"X-Api-Key": "HOUSE_KEY"},
    )
    activate(shop.ws, shop.publish(PEOPLE[:1]))
    headers = receiver.requests[0]["headers"]
    assert headers["Authorization"] == "Bearer abc" and headers["X-Api-Key"] == "def"
    monkeypatch.delenv("TOKEN")
    with pytest.raises(ConfigError, match="TOKEN is not set"):
        activate(shop.ws, shop.publish(PEOPLE))


def test_error_that_names_no_row_confirms_none(shop: Shop, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    original = receiver._receive
    monkeypatch.setattr(receiver, "_receive", lambda body, headers: (original(body, headers)[0], {"errors": ["bad"]}))
    _connect(shop, receiver)
    (result,) = activate(shop.ws, shop.publish(PEOPLE))
    assert result.failed["add"] == 7 and shop.query("select count(*) from sync_state where status = 'member'") == [(0,)]


class _Crash(BaseException):
    """Stands for a power cut at one point of the program."""


@pytest.mark.parametrize("batch", [0, 1, 2, 3])
@pytest.mark.parametrize("moment", ["before the call", "after the call"])
def test_end_state_is_the_audience_when_it_crashed_around_a_call(
    shop: Shop, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, batch: int, moment: str
) -> None:
    _connect(shop, receiver, max_rows=2)
    receiver.bad_rows = {"c2"}
    run = shop.publish(PEOPLE)
    original, sent = http_delivery.HttpDelivery.send, []

    def send(self, one):
        sent.append(one)
        if len(sent) == batch + 1:
            if moment == "after the call":
                original(self, one)
            raise _Crash
        return original(self, one)

    monkeypatch.setattr(http_delivery.HttpDelivery, "send", send)
    with pytest.raises(_Crash):
        activate(shop.ws, run)
    monkeypatch.setattr(http_delivery.HttpDelivery, "send", original)
    activate(shop.ws, run)
    assert set(receiver.members) == IDS - {"c2"}
    assert set(receiver.effects.values()) == {1}, "the receiver knows repeats by the batch's key only"
    (row,) = shop.query("select count(*), count(distinct customer_id) from sync_state where status = 'member'")
    assert row == (6, 6)
    messages = (shop.ws.landing / "activation" / f"buyers_to_files-{run.run_id}.jsonl").read_text(encoding="utf-8")
    assert {json.loads(line)["customer_id"] for line in messages.splitlines()} == IDS - {"c2"}


def test_messages_are_written_later_when_it_crashed_before_them(
    shop: Shop, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    _connect(shop, receiver)
    run = shop.publish(PEOPLE)
    monkeypatch.setattr(syncing, "close_run", lambda *a, **k: (_ for _ in ()).throw(_Crash()))
    with pytest.raises(_Crash):
        activate(shop.ws, run)
    monkeypatch.undo()
    monkeypatch.setattr("activation.loading.load_sources", lambda ws=None: SOURCES)
    assert not (shop.ws.landing / "activation").exists()
    (result,) = activate(shop.ws, run)
    assert result.calls == 0 and len(receiver.requests) == 1
    lines = (shop.ws.landing / "activation" / f"buyers_to_files-{run.run_id}.jsonl").read_text(encoding="utf-8")
    assert len(lines.splitlines()) == 7


def test_no_personal_data_stands_in_the_operations_store(shop: Shop, receiver: Receiver) -> None:
    _connect(shop, receiver)
    receiver.bad_rows = {"c3"}
    activate(shop.ws, shop.publish(PEOPLE))
    content = shop.ws.operations_file.read_bytes()
    assert b"example.com" not in content and b"Recife" not in content
