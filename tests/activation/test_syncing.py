from __future__ import annotations

from datetime import timedelta

import pytest
from activation_shop import SOURCES, Person, Shop, new_shop
from hypothesis import example, given, settings
from hypothesis import strategies as st
from receiving_server import Receiver

from activation.batching import Batch
from activation.http_delivery import HttpDelivery, Reply
from activation.syncing import activate
from quality.gate import sign
from workspace.errors import ConfigError, GateRefused
from workspace.runs import Run

NO = [("email", "marketing", "revoked")]
HASHED = {
    "contract": "ads_audience",
    "key": ["email_sha256"],
    "fields": {
        "customer_id": "customer_id",
        "email_sha256": {"column": "email", "transform": "sha256_email"},
        "segment_names": "segment_names",
    },
}


def _people(*names: str, **fields: object) -> list[Person]:
    return [Person(name, **fields) for name in names]  # type: ignore[arg-type]


def _connect(shop: Shop, receiver: Receiver, **sync: object) -> None:
    shop.configure(destination=receiver.destination(max_rows=2), sync=sync)


def _connect_hashed(shop: Shop, receiver: Receiver, **sync: object) -> None:
    receiver.key = "email_sha256"
    shop.configure(audience={"channel": "paid_social"}, destination=receiver.destination(), sync={**HASHED, **sync})


def _ads(name: str, **fields: object) -> Person:
    return Person(name, **{"consents": [("ads", "marketing", "granted")], **fields})  # type: ignore[arg-type]


def test_nothing_is_sent_when_the_published_run_has_no_pass(shop: Shop, receiver: Receiver) -> None:
    _connect(shop, receiver)
    run = shop.publish(_people("c1"))
    shop.record_verdict(run, "stop", ("orders do not balance",))
    with pytest.raises(GateRefused, match="orders do not balance"):
        activate(shop.ws, run)
    assert receiver.requests == [] and not shop.ws.exports.exists()


def test_nothing_is_sent_when_a_later_run_was_stopped_and_a_signed_hold_opens(shop: Shop, receiver: Receiver) -> None:
    _connect(shop, receiver)
    run = shop.publish(_people("c1"))
    later = type(run).at(run.as_of + timedelta(days=5))
    shop.record_verdict(later, "hold", ("volume fell",))
    with pytest.raises(GateRefused, match="volume fell"):
        activate(shop.ws, run)
    assert receiver.requests == []
    sign(shop.ws, later.run_id, who="Bia", why="expected after the fair")
    assert activate(shop.ws, run)[0].status == "completed"


def test_nothing_is_sent_when_nothing_is_published(shop: Shop) -> None:
    with pytest.raises(GateRefused, match="nothing is published"):
        activate(shop.ws, Run.from_id("run-20260101T050000Z"))


def test_members_are_added_changed_and_removed_as_the_view_moves(shop: Shop, receiver: Receiver) -> None:
    _connect(shop, receiver)
    (first,) = activate(shop.ws, shop.publish(_people("c1", "c2", "c3")))
    assert first.planned == {"add": 3, "change": 0, "remove": 0}
    people = [Person("c1"), Person("c2", city="Olinda"), Person("c4")]
    (second,) = activate(shop.ws, shop.publish(people))
    assert second.succeeded == {"add": 1, "change": 1, "remove": 1}
    assert {key: row["city"] for key, row in receiver.members.items()} == {
        "c1": "Recife",
        "c2": "Olinda",
        "c4": "Recife",
    }
    (third,) = activate(shop.ws, shop.publish([*people, Person("c3")]))
    assert third.succeeded["add"] == 1 and "c3" in receiver.members, "someone who comes back is a new effect"


def test_first_run_removes_nobody_even_when_the_destination_has_others(shop: Shop, receiver: Receiver) -> None:
    _connect(shop, receiver)
    receiver.members = {"someone else's": {}}
    (result,) = activate(shop.ws, shop.publish([Person("c1"), Person("c2", consents=NO)]))
    assert result.planned["remove"] == 0 and set(receiver.members) == {"someone else's", "c1"}


@pytest.mark.parametrize("behaviour", ["mirror", "upsert", "add_only"])
def test_behaviour_decides_about_leavers_and_changes_but_an_opt_out_always_leaves(
    shop: Shop, receiver: Receiver, behaviour: str
) -> None:
    _connect(shop, receiver, behaviour=behaviour)
    activate(shop.ws, shop.publish(_people("left", "out", "bounced", "changed", "lost")))
    people = [
        Person("left", orders=0),
        Person("out", consents=NO),
        Person("bounced", suppressions=[("email", "hard_bounce")]),
        Person("changed", city="Olinda"),
        Person("lost", consents=[]),
    ]
    activate(shop.ws, shop.publish(people))
    stays = {"changed"} if behaviour == "mirror" else {"changed", "left"}
    assert set(receiver.members) == stays
    assert receiver.members["changed"]["city"] == ("Recife" if behaviour == "add_only" else "Olinda")


def test_breaker_stops_the_sync_but_not_the_opt_outs(shop: Shop, receiver: Receiver) -> None:
    _connect(shop, receiver, max_remove_percent=30)
    names = [f"c{number}" for number in range(8)]
    activate(shop.ws, shop.publish(_people(*names)))
    emptied = [Person(name, orders=0) for name in names[:-1]] + [Person("c7", consents=NO), Person("new")]
    run = shop.publish(emptied)
    (result,) = activate(shop.ws, run)
    assert result.status == "stopped" and "remove 7 of 8" in (result.message or "")
    assert set(receiver.members) == set(names[:-1]), "nobody new, nobody gone but the one who asked"
    (trusted,) = activate(shop.ws, run, trust=["buyers_to_files"])
    assert trusted.status == "completed" and set(receiver.members) == {"new"}


def test_empty_mart_does_not_empty_the_audience(shop: Shop, receiver: Receiver) -> None:
    _connect(shop, receiver, max_remove_percent=30)
    activate(shop.ws, shop.publish(_people("c1", "c2", "c3")))
    (result,) = activate(shop.ws, shop.publish([]))
    assert result.status == "stopped" and len(receiver.members) == 3


def test_breaker_on_changes_stops_when_too_many_rows_differ(shop: Shop, receiver: Receiver) -> None:
    _connect(shop, receiver, max_change_percent=50)
    activate(shop.ws, shop.publish(_people("c1", "c2", "c3")))
    (result,) = activate(shop.ws, shop.publish([Person("c1"), *_people("c2", "c3", city="Olinda")]))
    assert result.status == "stopped" and "change 2 of 3" in (result.message or "")


def test_merged_customer_is_replaced_by_the_one_who_has_the_records(shop: Shop, receiver: Receiver) -> None:
    _connect(shop, receiver, behaviour="upsert")
    activate(shop.ws, shop.publish(_people("old", "c1")))
    run = shop.publish(_people("new", "c1"), aliases={"old": "new"})
    (result,) = activate(shop.ws, run)
    assert result.succeeded == {"add": 1, "change": 0, "remove": 1}
    assert set(receiver.members) == {"new", "c1"}


def test_merged_customer_with_the_same_address_keeps_it_at_a_destination_keyed_by_hash(
    shop: Shop, receiver: Receiver
) -> None:
    _connect_hashed(shop, receiver)
    activate(shop.ws, shop.publish([_ads("old", email="a@example.com")]))
    (result,) = activate(shop.ws, shop.publish([_ads("new", email="a@example.com")], aliases={"old": "new"}))
    assert len(receiver.members) == 1 and [r["customer_id"] for r in receiver.members.values()] == ["new"]
    assert result.succeeded == {"add": 1, "change": 0, "remove": 1}
    assert result.calls == 1, "the old id is forgotten without removing the address that the new one has"


def test_old_hash_is_removed_when_the_address_changed_or_the_person_is_gone(shop: Shop, receiver: Receiver) -> None:
    _connect_hashed(shop, receiver)
    activate(shop.ws, shop.publish([_ads("c1", email="old@example.com"), _ads("c2", email="x@example.com")]))
    before = set(receiver.members)
    activate(shop.ws, shop.publish([_ads("c1", email="new@example.com")]))
    assert len(receiver.members) == 1 and not before & set(receiver.members)


def test_new_hash_waits_when_the_old_one_could_not_be_removed(shop: Shop, receiver: Receiver) -> None:
    _connect_hashed(shop, receiver)
    activate(shop.ws, shop.publish([_ads("c1", email="old@example.com")]))
    receiver.bad_rows = set(receiver.members)
    run = shop.publish([_ads("c1", email="new@example.com")])
    (result,) = activate(shop.ws, run)
    assert result.status == "partial" and set(receiver.members) == receiver.bad_rows
    receiver.bad_rows = set()
    activate(shop.ws, run)
    assert len(receiver.members) == 1 and [row["customer_id"] for row in receiver.members.values()] == ["c1"]


def test_new_hash_counts_once_when_it_crashed_between_the_two_calls_of_a_move(
    shop: Shop, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    _connect_hashed(shop, receiver)
    activate(shop.ws, shop.publish([_ads("c1", email="old@example.com")]))
    run = shop.publish([_ads("c1", email="new@example.com")])
    original = HttpDelivery.send

    def send(self: HttpDelivery, batch: Batch) -> Reply:
        reply = original(self, batch)
        if batch.operation == "upsert":
            raise KeyboardInterrupt
        return reply

    with monkeypatch.context() as patch:
        patch.setattr(HttpDelivery, "send", send)
        with pytest.raises(KeyboardInterrupt):
            activate(shop.ws, run)
    (result,) = activate(shop.ws, run)
    assert result.status == "completed" and len(receiver.members) == 1
    assert set(receiver.effects.values()) == {1} and len(receiver.effects) == 3


def test_two_people_with_one_address_are_one_row_at_a_destination_keyed_by_hash(shop: Shop, receiver: Receiver) -> None:
    _connect_hashed(shop, receiver)
    (result,) = activate(shop.ws, shop.publish([_ads("c2", email="a@example.com"), _ads("c1", email="A@example.com")]))
    assert result.reasons == {"duplicate_contact": 1}
    assert [row["customer_id"] for row in receiver.members.values()] == ["c1"]


def test_unchanged_rows_are_sent_again_when_they_grow_old(shop: Shop, receiver: Receiver) -> None:
    _connect(shop, receiver, refresh_after_days=3, max_change_percent=0)
    for planned in (0, 0, 0, 0, 1, 0):
        (result,) = activate(shop.ws, shop.publish([Person("c1")]))
        assert result.planned["change"] == planned
    assert set(receiver.effects.values()) == {1} and len(receiver.effects) == 2


def test_dry_run_plans_and_moves_nothing(shop: Shop, receiver: Receiver) -> None:
    _connect(shop, receiver)
    run = shop.publish(_people("c1", "c2"))
    (dry,) = activate(shop.ws, run, dry_run=True)
    assert (dry.status, dry.planned["add"], dry.attempted["add"]) == ("dry", 2, 0)
    assert receiver.requests == [] and not (shop.ws.landing / "activation").exists()
    assert shop.query("select count(*) from sync_state") == [(0,)] == shop.query("select count(*) from sync_rows")
    (real,) = activate(shop.ws, run)
    assert real.succeeded["add"] == 2


def test_row_that_breaks_the_contract_is_withheld_alone(shop: Shop, receiver: Receiver) -> None:
    fields = {
        "customer_id": "customer_id",
        "email": "email",
        "order_count": "order_count",
        "customer_kind": "customer_kind",
    }
    shop.configure(destination=receiver.destination(), sync={"fields": fields})
    people = [Person("c1"), Person("c2", kind="robot"), Person("c3", kind="company", orders=5)]
    (result,) = activate(shop.ws, shop.publish(people))
    assert result.reasons == {"invalid_not_allowed_customer_kind": 1}
    assert set(receiver.members) == {"c1", "c3"} and receiver.members["c3"]["order_count"] == 5


def test_sync_is_refused_when_a_clean_column_holds_an_address(shop: Shop, receiver: Receiver) -> None:
    _connect(shop, receiver)
    run = shop.publish([Person("c1"), Person("c2", city="write to me@example.com")])
    (result,) = activate(shop.ws, run)
    assert result.status == "refused" and "'city'" in (result.message or "")
    assert "me@example.com" not in (result.message or "") and receiver.requests == []


def test_unknown_sync_is_refused(shop: Shop) -> None:
    run = shop.publish([])
    with pytest.raises(ConfigError, match="there is no sync 'nobody'"):
        activate(shop.ws, run, only=["nobody"])


def test_sums_of_a_run_hold_by_operation(shop: Shop, receiver: Receiver) -> None:
    _connect(shop, receiver)
    receiver.bad_rows = {"c2"}
    activate(shop.ws, shop.publish(_people("c1", "c2", "c3")))
    receiver.faults.extend(["ok", "503", "503", "503"])
    activate(shop.ws, shop.publish([Person("c1", orders=0), *_people("c2", "c3", "c4", "c5", city="Olinda")]))
    rows = shop.query(
        "select run_id, planned_add_count, attempted_add_count, succeeded_add_count, failed_add_count, "
        "(select count(*) from sync_rows r where r.run_id = s.run_id and operation = 'add' and status = 'not_attempted') "
        "from sync_runs s order by 1"
    )
    for _, planned, attempted, succeeded, failed, left in rows:
        assert planned == attempted + left and attempted == succeeded + failed
    assert [row[1:] for row in rows] == [(3, 3, 2, 1, 0), (3, 1, 0, 1, 2)]


FAULTS = st.sampled_from(["ok", "503", "hang", "drop", "401", "429"])


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(
    rounds=st.lists(
        st.tuples(
            st.dictionaries(
                st.sampled_from("abcdef"), st.sampled_from(["Recife", "Olinda", "out", "left"]), max_size=6
            ),
            st.lists(FAULTS.filter(lambda fault: fault != "429"), max_size=4),
            st.sets(st.sampled_from("abcdef"), max_size=2),
        ),
        min_size=1,
        max_size=3,
    )
)
@example(rounds=[({"a": "Recife"}, ["hang", "hang"], set()), ({"a": "left"}, [], set())])
@example(rounds=[({"a": "Recife"}, [], set()), ({"a": "left"}, ["hang", "hang"], set()), ({"a": "Recife"}, [], set())])
@example(
    rounds=[({"a": "Recife"}, [], set()), ({"a": "Olinda"}, ["drop", "drop"], set()), ({"a": "Recife"}, [], set())]
)
def test_clean_run_ends_as_if_nothing_had_failed(tmp_path_factory: pytest.TempPathFactory, rounds: list) -> None:
    """After any history of views and failures, one undisturbed run leaves exactly the audience, without those who left."""
    receiver = Receiver()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("activation.loading.load_sources", lambda ws=None: SOURCES)
        shop = new_shop(tmp_path_factory.mktemp("history") / "shop")
        destination = receiver.destination(max_rows=2, timeout_seconds=0.3)
        destination["retry"]["attempts"] = 2
        shop.configure(destination=destination, sync={"max_attempts": 1000})
        for view, faults, bad in rounds:
            people = [
                Person(
                    name, city=state, orders=0 if state == "left" else 1, **({"consents": NO} if state == "out" else {})
                )
                for name, state in view.items()
            ]
            run = shop.publish(people)
            receiver.faults.extend(faults)
            receiver.bad_rows = bad
            activate(shop.ws, run)
            receiver.faults.clear()
        receiver.bad_rows = set()
        (last,) = activate(shop.ws, run)
    receiver.close()
    expected = {name: state for name, state in view.items() if state in ("Recife", "Olinda")}
    assert {name: row["city"] for name, row in receiver.members.items()} == expected
    assert receiver.violations == [] and set(receiver.effects.values()) <= {1}
    assert last.eligible == sum(last.reasons.values()) + last.to_send


def test_payload_hash_keeps_neighbouring_columns_apart(shop: Shop, receiver: Receiver) -> None:
    fields = {"customer_id": "customer_id", "email": "email", "given_name": "given_name", "city": "city"}
    shop.configure(destination=receiver.destination(), sync={"fields": fields})
    activate(shop.ws, shop.publish([Person("c1", given_name="ab", city="c")]))
    (result,) = activate(shop.ws, shop.publish([Person("c1", given_name="a", city="bc")]))
    assert result.planned["change"] == 1
