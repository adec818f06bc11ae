"""The sequence of a run: who comes after whom, and what ends it early."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from orchestration_rooms import verdict

from data_contracts.loader import contract_names
from orchestration.pipeline import Pipeline, carry_out, describe
from workspace.errors import GateRefused

if TYPE_CHECKING:
    from orchestration_rooms import Rooms


def steps(rooms: Rooms) -> list[str]:
    return [call for call in dict.fromkeys(rooms.calls) if call not in ("record_batches", "refresh", "report")]


def broken(message: str) -> Any:
    return SimpleNamespace(status="fail", message=message, subject="feeds/x", name="contract")


def test_steps_follow_the_promise_when_all_is_well(pipeline: Pipeline, rooms: Rooms) -> None:
    assert carry_out(pipeline) == "pass"
    assert steps(rooms) == ["land", "resolve", "build", "audit", "publish", "activate"]
    assert rooms.calls.count("land") == len(contract_names("feeds"))
    assert [status for status, _ in rooms.recorded] == ["running", "published"]


def test_nothing_is_sent_when_activation_is_left_out(pipeline: Pipeline, rooms: Rooms) -> None:
    carry_out(pipeline, activate=False)
    assert steps(rooms)[-1] == "publish"


def test_run_stops_before_identity_when_a_feed_breaks_its_contract(pipeline: Pipeline, rooms: Rooms) -> None:
    rooms.checks["stores"] = [broken("feeds/stores: 9 rows without a name")]
    assert carry_out(pipeline) == "stop"
    assert steps(rooms) == ["land"]
    assert pipeline.reasons == ("a feed broke its contract",)
    assert rooms.recorded[-1] == ("stopped", "a feed broke its contract")


def test_warning_of_a_feed_goes_on_when_nothing_is_broken(pipeline: Pipeline, rooms: Rooms) -> None:
    rooms.checks["stores"] = [SimpleNamespace(status="warn", message="late", subject="feeds/stores", name="freshness")]
    assert carry_out(pipeline) == "pass"


@pytest.mark.parametrize("status", ["hold", "stop"])
def test_nothing_is_published_when_the_verdict_is_not_pass(pipeline: Pipeline, rooms: Rooms, status: str) -> None:
    rooms.verdict = verdict(status, "revenue fell by half")
    assert carry_out(pipeline) == status
    assert steps(rooms)[-1] == "audit"
    assert pipeline.reasons == ("revenue fell by half",)


def test_run_goes_out_when_a_hold_is_signed(pipeline: Pipeline, rooms: Rooms) -> None:
    rooms.verdict = verdict("hold", "revenue fell", signature=SimpleNamespace(who="Ana"))
    assert carry_out(pipeline) == "pass"
    assert steps(rooms)[-1] == "activate"


def test_only_activation_runs_when_nothing_is_new(pipeline: Pipeline, rooms: Rooms) -> None:
    rooms.unchanged = True
    assert carry_out(pipeline) == "pass"
    assert steps(rooms) == ["land", "activate"]
    assert rooms.recorded[-1] == ("unchanged", "nothing new: the published view stands")


def test_failing_tests_are_audited_when_the_build_is_not_good(pipeline: Pipeline, rooms: Rooms) -> None:
    rooms.built = SimpleNamespace(
        is_good=False, nodes=(), failures=(SimpleNamespace(unique_id="test.x", message="2 rows repeat"),)
    )
    rooms.verdict = verdict("stop", "2 rows repeat")
    assert carry_out(pipeline) == "stop"
    assert "publish" not in rooms.calls


def test_stop_is_recorded_when_dagster_ends_after_a_bad_build(pipeline: Pipeline, rooms: Rooms) -> None:
    rooms.built = SimpleNamespace(is_good=False, nodes=(), failures=())
    rooms.verdict = verdict("stop", "a model failed")
    pipeline.build()
    pipeline.record()
    assert rooms.recorded[-1] == ("stopped", "a model failed")


def test_error_is_recorded_and_the_journal_cleared_when_a_step_raises(pipeline: Pipeline, rooms: Rooms) -> None:
    rooms.failing["publish"] = GateRefused("the build changed after its audit")
    with pytest.raises(GateRefused):
        carry_out(pipeline)
    assert pipeline.status == "error"
    assert rooms.recorded[-1] == ("failed", "the build changed after its audit")
    assert not pipeline.workspace.run_file.exists()


def test_run_is_an_error_when_a_destination_does_not_answer(pipeline: Pipeline, rooms: Rooms) -> None:
    pipeline.syncs = [SimpleNamespace(is_clean=False, sync_id="crm", message="no answer")]
    assert carry_out(pipeline) == "error"
    assert pipeline.reasons == ("sync crm: no answer",)


def test_step_runs_once_when_it_is_asked_for_again(pipeline: Pipeline, rooms: Rooms) -> None:
    for _ in range(2):
        pipeline.land("stores")
        pipeline.resolve()
        pipeline.audit()
    assert rooms.calls == ["land", "resolve", "audit"]


def test_run_is_partial_when_only_a_part_was_asked_for(pipeline: Pipeline, rooms: Rooms) -> None:
    pipeline.land("stores")
    pipeline.record()
    assert pipeline.status == "partial"
    assert rooms.recorded[-1] == ("unchanged", "only a part was asked for: land")


def test_text_of_an_unforeseen_error_is_withheld_when_it_may_hold_data() -> None:
    assert describe(ValueError("ana@example.com is not a number")) == "unexpected ValueError"
    assert describe(GateRefused("held")) == "held"
