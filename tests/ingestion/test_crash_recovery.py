"""A landing that dies anywhere is finished by the same command, with the same lake."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from conftest import Shop
from shop_feeds import STORE_COLUMNS

from ingestion.lake import EMPTY_BATCH, Lake

HEADER = "ID,NAME,OPENED,CHANGED\n"
STEPS = ("replace_dir", "replace_file", "write_manifest")


@pytest.fixture
def stores(shop: Shop) -> Shop:
    shop.feed(columns=STORE_COLUMNS)
    shop.file("tills-1.csv", HEADER + "1,A,,2026-01-01\nbad\n")
    shop.file("tills-2.csv", HEADER + "1,B,,2026-01-02\n,C,,\n2,D,,\n")
    return shop


def lake_state(shop: Shop) -> tuple[object, ...]:
    rows = shop.rows("store_id, store_name, updated_at, _row_key, _row_hash, _batch_id, _source_file, _source_row")
    manifests = [one.model_dump() for one in Lake(shop.ws).manifests("stores")]
    files = sorted(path.relative_to(shop.root).as_posix() for path in (shop.root / "lake").rglob("*") if path.is_file())
    return rows, manifests, files


@pytest.fixture
def undisturbed(stores: Shop, tmp_path: Path) -> tuple[object, ...]:
    other = Shop(tmp_path / "undisturbed", stores.run)
    other.root.mkdir()
    other.settings()
    other.feed(columns=STORE_COLUMNS)
    for path in (stores.root / "landing").iterdir():
        other.file(path.name, path.read_bytes())
    other.land()
    return lake_state(other)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("when", ["before", "after"])
def test_death_at_a_step_of_the_commit(stores, undisturbed, monkeypatch, step, batch, when):
    import ingestion.batches as batches

    original, calls = getattr(batches, step), []

    def dying(*arguments):
        calls.append(step)
        if when == "after":
            original(*arguments)
        if len(calls) == batch:
            raise KeyboardInterrupt
        if when == "before":
            original(*arguments)

    monkeypatch.setattr(batches, step, dying)
    with pytest.raises(KeyboardInterrupt):
        stores.land()
    monkeypatch.undo()
    assert stores.land().failures == []
    stores.balance()
    assert lake_state(stores) == undisturbed


def test_batch_folder_without_manifest_is_removed(stores, undisturbed):
    stores.land()
    lake = Lake(stores.ws)
    (manifest, other) = lake.manifests("stores")
    (lake.manifest_folder("stores") / f"{manifest.batch_id}.json").unlink()
    stray = lake.batch_folder("stores", "stray")
    stray.mkdir()
    (stray / "part-0.parquet").write_bytes(b"half a file")
    result = stores.land()
    assert set(result.recovered) >= {"stray", manifest.batch_id} - {other.batch_id}
    assert not stray.exists()
    stores.balance()
    assert sorted(row[0] for row in stores.rows("distinct store_name")) == ["A", "B", "D"]
    assert lake.batch_folder("stores", EMPTY_BATCH).exists()


KILLED = textwrap.dedent(
    """
    import os, signal, sys, threading
    from datetime import UTC, datetime
    from ingestion.landing import land_contract
    from workspace.runs import Run
    from workspace.workspace import Workspace

    ws = Workspace.open(sys.argv[1])
    threading.Timer(float(sys.argv[2]), lambda: os.kill(os.getpid(), signal.SIGKILL)).start()
    land_contract(ws, Run.at(datetime(2026, 1, 31, 5, tzinfo=UTC)), "stores")
    os._exit(0)
    """
)


@pytest.mark.slow
def test_kill_at_random_moments(shop):
    shop.feed(columns=STORE_COLUMNS)
    for number in range(12):
        lines = [f"{n},name {n % (number + 2)},,2026-01-{1 + (n + number) % 28:02d}" for n in range(4000)]
        shop.file(f"tills-{number:02d}.csv", HEADER + "\n".join(lines) + "\nbad\n")
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    kills = 0
    for attempt in range(20):
        arguments = [sys.executable, "-c", KILLED, str(shop.root), f"{0.05 + 0.07 * attempt:.2f}"]
        done = subprocess.run(arguments, env=environment, check=False, capture_output=True)
        kills += done.returncode == -signal.SIGKILL
    shop.land()
    balance = shop.balance()
    assert (balance.rows_in, balance.quarantined) == (12 * 4001, 12)
    assert kills >= 5
    assert shop.land().batches == []
    assert not list((shop.root / "lake" / ".work").glob("*"))
