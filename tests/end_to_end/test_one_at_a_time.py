"""Readers never block a run and never see half of one; two runs never mix."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

import pytest
from sample_company import change_setting, mart_contents, published, run, unavista

from workspace.errors import WorkspaceLocked
from workspace.locking import run_lock
from workspace.sql import connect
from workspace.workspace import Workspace


def test_reader_keeps_its_view_when_a_run_publishes_a_new_one(finished: Path) -> None:
    workspace = Workspace.open(finished)
    with connect(database=workspace.published_file, read_only=True) as reader:
        before = reader.execute("select count(*), sum(net_revenue_amount) from marts.fct_orders").fetchall()
        change_setting(finished, "as_of: 2026-07-31T03:00:00Z")
        assert run(finished) == "pass"
        after = reader.execute("select count(*), sum(net_revenue_amount) from marts.fct_orders").fetchall()
    assert before == after, "the open reader saw the new publication"
    recency = published(finished, "select min(recency_days) from marts.dim_customer_rfv")
    assert recency[0][0] >= 31, "a new reader did not see the new publication"


def test_readers_see_whole_publications_only_while_a_run_goes_on(finished: Path) -> None:
    workspace = Workspace.open(finished)
    old = run_id_of(workspace)
    seen: list[tuple] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            with connect(database=workspace.published_file, read_only=True) as con:
                seen.append(con.execute("select count(*) from marts.dim_customers").fetchall()[0])
            seen.append((run_id_of(workspace),))
            stop.wait(0.05)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        change_setting(finished, "as_of: 2026-07-31T03:00:00Z")
        assert run(finished) == "pass"
    finally:
        stop.set()
        reader.join()
    assert {row[0] for row in seen if isinstance(row[0], str)} <= {old, run_id_of(workspace)}
    assert all(row[0] for row in seen), "a reader met an empty view"


def run_id_of(workspace: Workspace) -> str:
    return workspace.current.resolve().name


def test_second_run_refuses_clearly_when_the_first_holds_the_workspace(finished: Path) -> None:
    with run_lock(Workspace.open(finished)):
        command = unavista(finished, "run")
        refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "another run holds this workspace" in refused.stdout + refused.stderr
    assert "Traceback" not in refused.stdout + refused.stderr


def test_lock_is_refused_within_the_process_too(finished: Path) -> None:
    workspace = Workspace.open(finished)
    with run_lock(workspace), pytest.raises(WorkspaceLocked), run_lock(workspace):
        raise AssertionError("two runs held the workspace")


@pytest.mark.slow
def test_two_runs_started_at_once_give_what_one_gives(fresh: Path, finished_folder: Path) -> None:
    command = unavista(fresh, "run", "--wait", "600")
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(2)]
    output = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], output
    ours, theirs = mart_contents(fresh), mart_contents(finished_folder)
    # The second run reads back what the first one sent: interactions may differ from a single run, customers may not.
    for name in ("marts.dim_customers", "marts.fct_orders", "marts.fct_service_contacts", "marts.dim_customer_rfv"):
        assert ours[name] == theirs[name]
