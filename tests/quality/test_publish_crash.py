"""Kill the publishing process at random points: readers always see a whole publication, and a redo finishes it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_house import FIRST, SECOND, OpenReader, build, decide_for, published_rows

from quality.publications import current_publication, kept_publications
from quality.publishing import publish, refresh_operations
from workspace.workspace import Workspace

CHILD = """
import sys
sys.path[:0] = [{tests!r}, {root!r}]
from pathlib import Path
import small_house
from quality.publishing import publish, refresh_operations
from workspace.workspace import Workspace
import quality.report, quality.publication_files, duckdb, jinja2
small_house.move_in(Path({contracts!r}))
ws = Workspace.open({shop!r})
print("ready", flush=True)
publish(ws, small_house.SECOND)
refresh_operations(ws)
print("done", flush=True)
"""
KILLS = 25
BIG = "insert into marts.fct_orders select order_id || '-' || n, customer_id, * exclude (order_id, customer_id, n) "
BIG += "from marts.fct_orders, range(20000) as t(n)"


def start(shop: Path, contracts: Path) -> subprocess.Popen[str]:
    tests = str(Path(__file__).parent)
    root = str(Path(__file__).parents[2])
    code = CHILD.format(tests=tests, root=root, contracts=str(contracts), shop=str(shop))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


def whole(ws: Workspace) -> int:
    """Return the orders that a reader finds, after making sure that every part of the publication belongs together."""
    publication = current_publication(ws)
    counts = {table: rows for table, rows in publication.row_counts.items() if table.startswith("marts.")}
    for table, rows in counts.items():
        assert published_rows(ws, f"select count(*) from {table}") == [(rows,)]
        parquet = publication.folder / "marts" / f"{table.split('.')[1]}.parquet"
        assert published_rows(ws, f"select count(*) from '{parquet}'") == [(rows,)]
    assert published_rows(ws, "select count(*) >= 1 from ops.verdicts") == [(True,)]
    assert (publication.folder / "report.html").exists()
    return counts["marts.fct_orders"]


@pytest.mark.slow
def test_readers_see_a_whole_publication_when_publishing_is_killed(built: Workspace, template: Path) -> None:
    decide_for(built, FIRST)
    publish(built, FIRST)
    build(built, BIG)
    decide_for(built, SECOND)
    began = time.monotonic()
    timed = start(built.root, template / "contracts")
    ready = time.monotonic() - began
    assert timed.stdout.readline() == "done\n"
    length = time.monotonic() - began - ready
    timed.wait()
    after = current_publication(built)
    hashes = after.content_hashes
    assert after.run_id == SECOND.run_id
    randomness = random.Random(7)
    seen = set()
    for _ in range(KILLS):
        reset_to_first(built)
        with OpenReader(built.published_file) as reader:
            process = start(built.root, template / "contracts")
            time.sleep(randomness.random() * length)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            assert reader.ask("select count(*) from marts.fct_orders") == "[(6,)]"
        orders = whole(built)
        seen.add(orders)
        assert orders in (6, 120_006)
        publish(built, SECOND)
        refresh_operations(built)
        assert whole(built) == 120_006
        assert current_publication(built).content_hashes == hashes
        assert len(kept_publications(built)) == 2
        left = [one.name for one in built.publications.iterdir() if one.name.startswith(".")]
        left += [one.name for one in current_publication(built).folder.glob(".*.part")]
        assert not left
    assert 6 in seen, "some kills came before the swap"


def reset_to_first(ws: Workspace) -> None:
    """Bring the workspace back to its first publication, as if the second had never been made."""
    import shutil

    from quality.publications import make_current

    make_current(ws, ws.publications / FIRST.run_id)
    for folder in ws.publications.iterdir():
        if folder.name != FIRST.run_id:
            shutil.rmtree(folder)
    assert whole(ws) == 6
