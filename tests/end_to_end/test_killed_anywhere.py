"""A run killed anywhere is finished by the same command, as if nothing had happened."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from receiving_server import Receiver
from sample_company import mart_contents, unavista

KILLS = int(os.environ.get("UNAVISTA_KILLS", "50"))
"""Of both seeds together; `pytest -n 2` runs them side by side."""
PHASES = ("Landing feeds", "Resolving who is who", "Building marts", "Auditing", "Publishing", "Activating")
_FINISHED = re.compile(r"ok\s+(?P<phase>[A-Z][a-z ]+?)\s+(?P<seconds>\d+\.\d) s")


def send_over_http(folder: Path, receiver: Receiver) -> None:
    """Point the company's sync at a server on loopback, in small batches so that a kill can fall between two."""
    destinations = {"email_tool": receiver.destination(max_rows=3)}
    (folder / "destinations.yml").write_text(yaml.safe_dump({"destinations": destinations}), encoding="utf-8")


def start(folder: Path) -> subprocess.Popen[str]:
    command = unavista(folder, "run")
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def finished_phases(process: subprocess.Popen[str]) -> Iterator[tuple[str, float]]:
    assert process.stdout is not None
    for line in process.stdout:
        if found := _FINISHED.search(line):
            yield found["phase"], float(found["seconds"])


def run_to_the_end(folder: Path) -> dict[str, float]:
    """Run the command undisturbed and return the seconds of each phase."""
    process = start(folder)
    seconds = dict(finished_phases(process))
    assert process.wait() == 0, "the run did not pass"
    return seconds


def kill_in(folder: Path, phase: str, after: float) -> bool:
    """Start the command and kill it `after` seconds into a phase; tell whether it was still running."""
    process = start(folder)
    before = PHASES.index(phase)
    if before:
        for done, _ in finished_phases(process):
            if done in PHASES and PHASES.index(done) >= before - 1:
                break
    time.sleep(after)
    alive = process.poll() is None
    if alive:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()
    return alive


def assert_same(folder: Path, receiver: Receiver, marts: dict[str, str], members: dict[str, dict]) -> None:
    assert mart_contents(folder) == marts
    assert receiver.members == members
    assert set(receiver.effects.values()) <= {1}, "a row had its effect twice"
    assert sum(receiver.effects.values()) == len(members)


@pytest.mark.slow
@pytest.mark.timeout(5400)
@pytest.mark.parametrize("seed", (2026, 2027))
def test_same_marts_and_one_effect_per_row_when_killed_anywhere(sample_folder: Path, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    calm, calm_receiver = Path(shutil.copytree(sample_folder, tmp_path / "calm")), Receiver()
    send_over_http(calm, calm_receiver)
    seconds = run_to_the_end(calm)
    marts, members = mart_contents(calm), dict(calm_receiver.members)
    assert members, "the sample company has nobody to write to: the test would prove nothing"

    killed = dict.fromkeys(PHASES, 0)
    round_number = 0
    while sum(killed.values()) * 2 < KILLS:
        round_number += 1
        folder, receiver = Path(shutil.copytree(sample_folder, tmp_path / f"shaken_{round_number}")), Receiver()
        send_over_http(folder, receiver)
        for phase in PHASES:
            lead = 3.0 if phase == PHASES[0] else 0.0
            if kill_in(folder, phase, chance.random() * (lead + seconds[phase])):
                killed[phase] += 1
        run_to_the_end(folder)
        assert_same(folder, receiver, marts, members)
        print(f"round {round_number}: {sum(killed.values())} kills so far, {killed}", flush=True)
        receiver.close()
        shutil.rmtree(folder)
    calm_receiver.close()
    assert all(killed.values()), f"some phase was never hit: {killed}"
