"""A run's identity, its journal, and the lock on the workspace."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from workspace.errors import ConfigError, WorkspaceLocked
from workspace.locking import run_lock
from workspace.runs import Run, begin_run, finish_run, unfinished_run
from workspace.workspace import Workspace

INSTANT = datetime(2026, 1, 31, 5, 0, 7, 123, tzinfo=UTC)


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    (tmp_path / "workspace.yml").write_text("name: Shop\n", encoding="utf-8")
    return Workspace.open(tmp_path)


def test_run_is_the_same_when_the_instant_is_written_in_another_zone() -> None:
    run = Run.at(INSTANT)
    assert run.run_id == "run-20260131T050007Z"
    assert Run.at(INSTANT.astimezone(timezone(timedelta(hours=-3)))) == run == Run.from_id(run.run_id)
    assert run.as_of_naive == datetime(2026, 1, 31, 5, 0, 7)


def test_run_is_refused_when_the_instant_has_no_zone() -> None:
    with pytest.raises(ConfigError, match="time zone"):
        Run.at(datetime(2026, 1, 31))
    with pytest.raises(ConfigError, match="not a run identifier"):
        Run.from_id("../../etc")


def test_unfinished_run_is_taken_up_when_no_instant_is_asked_for(shop: Workspace) -> None:
    first = begin_run(shop, INSTANT)
    assert unfinished_run(shop) == first
    assert begin_run(shop) == first
    assert begin_run(shop, INSTANT + timedelta(days=1)) != first
    finish_run(shop)
    assert unfinished_run(shop) is None
    assert begin_run(shop) != first


def test_journal_is_ignored_when_it_is_damaged(shop: Workspace) -> None:
    begin_run(shop, INSTANT)
    shop.run_file.write_text('{"run', encoding="utf-8")
    assert unfinished_run(shop) is None


def test_fixed_instant_wins_when_the_workspace_has_one(shop: Workspace) -> None:
    (shop.root / "workspace.yml").write_text("name: Shop\nas_of: 2018-01-02T00:00:00Z\n", encoding="utf-8")
    assert begin_run(Workspace.open(shop.root)).run_id == "run-20180102T000000Z"


_HOLD = """
import sys, time
from workspace.locking import run_lock
from workspace.workspace import Workspace
with run_lock(Workspace.open(sys.argv[1])):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def _holder(shop: Workspace, seconds: float) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(shop.root), str(seconds)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    return process


def test_second_run_is_refused_when_another_process_holds_the_lock(shop: Workspace) -> None:
    holder = _holder(shop, 60)
    try:
        with pytest.raises(WorkspaceLocked, match=str(holder.pid)), run_lock(shop):
            pass
    finally:
        holder.kill()
        holder.wait()
    with run_lock(shop):
        pass


def test_second_run_goes_on_when_it_may_wait(shop: Workspace) -> None:
    holder = _holder(shop, 0.3)
    with run_lock(shop, wait_seconds=30):
        assert holder.wait(timeout=30) == 0
