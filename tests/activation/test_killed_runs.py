"""Kill the sending process for real, wherever it stands, and let the same command finish."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from activation_shop import Person, Shop
from receiving_server import Receiver

from workspace.runs import Run

PROGRAM = """
import sys
sys.path.insert(0, {tests!r})
import activation.loading, activation_shop
activation.loading.load_sources = lambda ws=None: activation_shop.SOURCES
from activation.syncing import activate
from workspace.runs import Run
from workspace.workspace import Workspace
results = activate(Workspace.open({root!r}), Run.from_id({run!r}))
print(results[0].status)
"""


def _start(shop: Shop, run: Run) -> subprocess.Popen[str]:
    program = PROGRAM.format(tests=str(Path(__file__).parent), root=str(shop.ws.root), run=run.run_id)
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_receiver_holds_each_effect_once_when_the_sender_is_killed_again_and_again(
    shop: Shop, receiver: Receiver
) -> None:
    chance = random.Random(20260101)
    shop.configure(destination=receiver.destination(max_rows=2, timeout_seconds=5))
    refused = [("email", "marketing", "revoked")]
    names = [f"c{number:02d}" for number in range(40)]
    first = [Person(name) for name in names]
    second = [
        Person(name, consents=refused) if number % 5 == 0 else Person(name, city="Olinda" if number % 3 else "Recife")
        for number, name in enumerate(names)
    ]
    receiver.bad_rows = {"c07"}
    kills = 0
    for people in (first, second):
        run = shop.publish(people)
        while True:
            process = _start(shop, run)
            if kills % 3 < 2:
                left = [chance.randint(1, 3)]

                def kill_after_accepting(process: subprocess.Popen[str] = process, left: list[int] = left) -> None:
                    left[0] -= 1
                    if left[0] == 0:
                        os.kill(process.pid, signal.SIGKILL)

                receiver.after_accepting = kill_after_accepting
            else:
                receiver.after_accepting = None
                threading.Timer(chance.uniform(0.3, 1.6), process.kill).start()
            output, _ = process.communicate(timeout=60)
            if process.returncode == 0:
                break
            kills += 1
        assert output.strip() == "partial", "the bad row stays to be retried"
    receiver.after_accepting = None
    assert kills >= 12
    expected = {person.customer_id for person in second if person.consents != refused} - {"c07"}
    assert set(receiver.members) == expected
    assert {name: receiver.members[name]["city"] for name in expected} == {
        person.customer_id: person.city for person in second if person.customer_id in expected
    }
    assert set(receiver.effects.values()) == {1}
    states = dict(shop.query("select status, count(*) from sync_state group by 1"))
    assert states == {"member": len(expected), "removed": 8, "refused": 1}
    for run_id in ("run-20260101T050000Z", "run-20260102T050000Z"):
        file = shop.ws.landing / "activation" / f"buyers_to_files-{run_id}.jsonl"
        confirmed = shop.query(f"select count(*) from sync_rows where status = 'succeeded' and run_id = '{run_id}'")
        assert [(len(file.read_text(encoding="utf-8").splitlines()),)] == confirmed
