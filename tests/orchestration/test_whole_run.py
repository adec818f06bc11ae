"""A small company, run for real: what is published, what a bad file stops, and that a killed run is finished."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingestion.samples import write_sample_workspace
from orchestration.scaffolding import scaffold
from workspace.sql import connect, quote_literal
from workspace.workspace import Workspace

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
PEOPLE = 60


def unavista(*arguments: str, check: int | None = 0) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "orchestration", *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "UNAVISTA_WORKSPACE": "", "UNAVISTA_DEBUG": ""},
        timeout=540,
    )
    if check is not None:
        assert done.returncode == check, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small company, run once; tests that change it copy it first."""
    folder = tmp_path_factory.mktemp("company") / "company"
    write_sample_workspace(folder, people=PEOPLE, seed=3)
    scaffold(folder, name="Company")
    unavista("-w", str(folder), "run")
    return folder


@pytest.fixture
def copy(company: Path, tmp_path: Path) -> Iterator[Path]:
    shutil.copytree(company, tmp_path / "copy", symlinks=True)
    yield tmp_path / "copy"


def contents(folder: Path) -> dict[str, str]:
    """Return a content hash of every published table by name."""
    manifest = json.loads((folder / "warehouse" / "current" / "manifest.json").read_text(encoding="utf-8"))
    return {name: table["content_hash"] for name, table in manifest["tables"].items()}


def exports(folder: Path) -> dict[str, bytes]:
    return {str(one.relative_to(folder)): one.read_bytes() for one in (folder / "exports").rglob("*") if one.is_file()}


def query(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    with connect() as con:
        con.execute(f"attach {quote_literal((folder / 'warehouse' / 'unavista.duckdb').resolve())} as p (read_only)")
        return con.execute(sql).fetchall()


def test_everything_is_published_and_sent_when_the_company_runs(company: Path) -> None:
    assert query(company, "select count(*) > 30 from p.marts.customer_360") == [(True,)]
    assert query(company, "select distinct status from p.ops.runs where finished_at is not null") == [("published",)]
    assert query(company, "select status from p.ops.verdicts") == [("pass",)]
    assert any(name.endswith("manifest.json") for name in exports(company))
    assert (company / "warehouse" / "current" / "report.html").stat().st_size > 1000
    assert not (company / "warehouse" / "run.json").exists()
    standing = json.loads(unavista("-w", str(company), "status", "--json").stdout)
    assert standing["published"]["rows"] > 1000 and standing["syncs"][0]["status"] == "completed"


def test_people_are_found_by_any_identifier_when_published(company: Path) -> None:
    (email, customer), *_ = query(
        company,
        "select email, customer_id from p.restricted.customer_contacts where email is not null order by 1 limit 1",
    )
    (protocol,), *_ = query(
        company, "select protocol_number from p.marts.fct_service_contacts where customer_id is not null order by 1"
    )
    found = json.loads(unavista("-w", str(company), "profile", email, "--json").stdout)
    assert customer in [one["customer_id"] for one in found["customers"]]
    page = unavista("-w", str(company), "profile", protocol).stdout
    assert "last protocol" in page and "Last contacts" in page
    masked = unavista("-w", str(company), "profile", email, "--masked").stdout
    assert email not in masked
    assert unavista("-w", str(company), "profile", "nobody@nowhere.example", check=1).stdout.startswith("Nobody")


def test_history_is_in_dagster_when_the_run_came_from_the_command_line(company: Path) -> None:
    code = (
        "import dagster as dg\nwith dg.DagsterInstance.get() as i:\n"
        "    print([(r.job_name, r.status.value) for r in i.get_runs()])\n"
        "    e = i.get_latest_materialization_event(dg.AssetKey(['marts', 'customer_360']))\n"
        "    print(sorted(e.asset_materialization.metadata))\n"
        "    f = i.fetch_observations(dg.AssetKey(['identity', 'customer_crosswalk']), limit=1)\n"
        "    print(sorted(f.records[0].asset_observation.metadata))\n"
    )
    env = {**os.environ, "DAGSTER_HOME": str(company / ".dagster")}
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=env, cwd=ROOT)
    assert "('run_pipeline', 'SUCCESS')" in told.stdout
    assert "dagster/row_count" in told.stdout and "preview_without_personal_data" in told.stdout
    assert "'decisions_pairs'" in told.stdout and "'resolution'" in told.stdout


def test_second_run_lands_only_what_was_sent_and_third_changes_nothing_when_nothing_is_new(copy: Path) -> None:
    second = json.loads(unavista("-w", str(copy), "run", "--json").stdout)
    assert second["status"] == "pass"
    before, sent = contents(copy), exports(copy)
    third = json.loads(unavista("-w", str(copy), "run", "--json").stdout)
    assert third["is_unchanged"] and third["exit_code"] == 0
    assert (contents(copy), exports(copy)) == (before, sent)


def test_nothing_moves_and_the_reason_is_told_when_a_file_is_broken(copy: Path) -> None:
    before, sent = contents(copy), exports(copy)
    feed = copy / "landing" / "pos" / "broken.csv"
    target = next(path for path in sorted((copy / "landing").rglob("*.csv")))
    feed = target.with_name(target.stem + "_zz_broken" + target.suffix)
    header = target.read_bytes().split(b"\n", 1)[0]
    feed.write_bytes(header + b"\n" + b"\n".join(b"not;a;row" for _ in range(500)) + b"\n")
    stopped = unavista("-w", str(copy), "run", check=3)
    assert "quarantined" in stopped.stdout and "Nothing was published or sent" in stopped.stdout
    assert (contents(copy), exports(copy)) == (before, sent)
    refused = unavista("-w", str(copy), "activate", check=3)
    assert "stopped" in refused.stderr
    assert query(copy, "select count(*) from p.ops.runs where status = 'stopped'") == [(1,)]


def test_dropped_budget_holds_until_a_person_signs_when_volume_falls(copy: Path) -> None:
    before = contents(copy)
    settings = copy / "workspace.yml"
    settings.write_text(
        settings.read_text(encoding="utf-8") + "gates: {max_volume_growth_percent: 0}\n", encoding="utf-8"
    )
    held = unavista("-w", str(copy), "run", "--no-activate", check=2)
    assert "unavista sign" in held.stdout and contents(copy) == before
    assert unavista("-w", str(copy), "sign", "--who", "", "--why", "x", check=3).stderr
    signed = unavista("-w", str(copy), "sign", "--who", "Ana Prado", "--why", "growth is real", "--no-activate")
    assert "published" in signed.stdout
    assert query(copy, "select who from p.ops.overrides") == [("Ana Prado",)]
    unavista("-w", str(copy), "publish", "--rollback")
    assert contents(copy) == before


def test_same_marts_are_published_when_the_run_is_killed_at_any_moment(company: Path, tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    write_sample_workspace(folder, people=PEOPLE, seed=3)
    scaffold(folder, name="Company")
    for seconds in (3.0, 9.0, 16.0, 24.0):
        process = subprocess.Popen(
            [sys.executable, "-m", "orchestration", "-w", str(folder), "run"],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
    unavista("-w", str(folder), "run")
    assert contents(folder) == contents(company)


def test_second_run_is_refused_when_one_is_at_work(copy: Path) -> None:
    process = subprocess.Popen([sys.executable, "-m", "orchestration", "-w", str(copy), "run", "--json"], cwd=ROOT,
                               stdout=subprocess.PIPE, text=True)  # fmt: skip
    try:
        holder = copy / "warehouse" / ".run.holder.json"
        deadline = time.monotonic() + 120
        while not holder.exists():
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.05)
        refused = unavista("-w", str(copy), "run", check=1)
        assert f"process {process.pid}" in refused.stderr
    finally:
        out, _ = process.communicate(timeout=540)
    assert json.loads(out)["status"] == "pass"


def test_published_file_may_stay_open_when_a_run_goes_on(copy: Path) -> None:
    import duckdb

    with duckdb.connect(str(copy / "warehouse" / "unavista.duckdb"), read_only=True) as analyst:
        rows = analyst.execute("select count(*) from marts.customer_360").fetchall()
        unavista("-w", str(copy), "run")
        assert analyst.execute("select count(*) from marts.customer_360").fetchall() == rows


def test_sequence_gives_the_same_marts_when_dagster_is_left_out(company: Path, tmp_path: Path) -> None:
    from orchestration.pipeline import Pipeline, carry_out
    from workspace.runs import begin_run

    folder = tmp_path / "plain"
    write_sample_workspace(folder, people=PEOPLE, seed=3)
    scaffold(folder, name="Company")
    workspace = Workspace.open(folder)
    assert carry_out(Pipeline(workspace, begin_run(workspace))) == "pass"
    assert contents(folder) == contents(company)
