"""Suites run in a process of their own give what they give here, and its loss loses nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from small_house import FIRST

from data_contracts.loader import load_contract
from quality import suites
from quality.auditing import audit
from quality.gx_duckdb import Relation
from quality.results import CheckResult
from quality.suites import run_suites, suites_made_ready
from workspace.workspace import Workspace

pytestmark = pytest.mark.skipif(
    not Path("/proc").is_dir() or (os.cpu_count() or 1) < 2, reason="looks for processes in /proc; needs two cores"
)


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    (tmp_path / "workspace.yml").write_text("name: Small\nthreads: 1\n")
    return Workspace.open(tmp_path)


def relation() -> Relation:
    contract = load_contract("feeds", "stores")
    fields = ", ".join(f"cast(null as {column.physical_type}) as {column.name}" for column in contract.columns)
    return Relation(contract, f"select {fields} from range(3)", 3, "feed", "feeds/stores")


def suite_processes(parent: int) -> list[int]:
    """Return the processes of a parent that run suites."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            is_child = status.read_text().rpartition(")")[2].split()[1] == str(parent)
            if is_child and b"quality.suites" in (status.parent / "cmdline").read_bytes():
                found.append(int(status.parent.name))
    return found


def told(results: list[tuple[Relation, list[CheckResult]]]) -> list[tuple[str, str, str | None, int | None]]:
    return [(one.name, one.status, one.observed, one.failing_count) for _, found in results for one in found]


def test_process_gives_what_is_found_here_and_its_loss_loses_nothing(ws: Workspace) -> None:
    here = told(run_suites(ws, [relation()])())
    assert any(status == "fail" for _, status, *_ in here), "nothing is broken: the test would prove nothing"
    with suites_made_ready(early=True):
        assert told(run_suites(ws, [relation()])()) == here
        assert suites._asked, "the process was not asked"
        for child in suite_processes(os.getpid()):
            os.kill(child, signal.SIGKILL)
        assert told(run_suites(ws, [relation()])()) == here
        assert not suites._asked
    assert told(run_suites(ws, [relation()])()) == here


def test_marts_are_checked_here_when_the_process_dies_in_the_middle_of_an_audit(built: Workspace) -> None:
    with suites_made_ready(early=True):
        for child in suite_processes(os.getpid()):
            os.kill(child, signal.SIGKILL)
        assert audit(built, FIRST).status == "pass"
        assert not suites._asked


def test_no_process_is_started_for_a_run_with_nothing_to_land() -> None:
    with suites_made_ready(early=False):
        assert not suites._asked


def test_process_ends_when_the_run_is_killed() -> None:
    program = (
        "import os, subprocess, time\nfrom quality.suites import suites_made_ready\n"
        "with suites_made_ready(early=True):\n    print(os.getpid(), flush=True)\n    time.sleep(120)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        run.stdout.readline()
        (child,) = suite_processes(run.pid)
        run.kill()
    for _ in range(600):
        if not Path(f"/proc/{child}").exists() or Path(f"/proc/{child}/stat").read_text().split()[2] == "Z":
            return
        time.sleep(0.1)
    pytest.fail("the process of the suites outlived the run by a minute")
