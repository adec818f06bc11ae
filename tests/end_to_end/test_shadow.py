"""A shadow says what a run would do and leaves no trace: not in the view, not in a later run, not when it is killed."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sample_company import operations_of, published, run, unavista

from orchestration import cli
from orchestration.commands.shell import plain
from orchestration.governing import sign_and_publish
from orchestration.shadowing import ShadowReport, cast_shadow
from quality.fingerprint import input_fingerprint
from quality.publications import current_publication
from workspace.shadows import in_shadow, shadow_folder
from workspace.sql import connect, quote_literal
from workspace.workspace import Workspace

pytestmark = pytest.mark.timeout(1800)
RULES = "disable_rules: [same_email_and_given_name, same_phone_and_given_name]\n"
CELLS = "select coalesce(rfv_cell, 'none'), count(*) from marts.dim_customer_rfv group by all"
CREDIT = "select attribution_model || ': ' || channel, sum(attributed_amount) from marts.fct_attribution group by all"
RFV_SEGMENTS = "select customer_id, rfv_segment from marts.dim_customer_rfv"
SENT = "select operation, count(*) from ops.sync_rows where status = 'succeeded' group by all"


@pytest.fixture
def settled(finished: Path) -> Path:
    """The finished company, to whose lake a further run adds nothing: what it sent has not come back."""
    shutil.rmtree(finished / "landing" / "activation")
    return finished


def hashes(folder: Path) -> dict[str, str]:
    """Return the hash of every file outside the scratch folder; the lock and its holder are no content."""
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and shadow_folder(Workspace.open(folder)) not in file.parents and ".run." not in file.name
    }


def crosswalk(folder: Path) -> dict[str, str | None]:
    publication = current_publication(Workspace.open(folder))
    assert publication is not None
    with connect() as con:
        file = quote_literal(publication.folder / "identity" / "customer_crosswalk.parquet")
        return dict(con.execute(f"select record_id, customer_id from read_parquet({file})").fetchall())


def epoch_of(folder: Path) -> str:
    """Return the epoch that the published view was resolved with."""
    publication = current_publication(Workspace.open(folder))
    assert publication is not None
    with connect() as con:
        file = quote_literal(publication.folder / "identity" / "model_epoch.parquet")
        return str(con.execute(f"select epoch_id from read_parquet({file})").fetchall()[0][0])


def outcomes(before: dict[str, str | None], after: dict[str, str | None]) -> Counter[str]:
    """Return how many customers were kept, grown, split, merged, gone and new, record by record."""

    def members(assigned: dict[str, str | None]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for record, customer in assigned.items():
            if customer is not None:
                found.setdefault(customer, set()).add(record)
        return found

    then, now = members(before), members(after)
    counts = Counter(new=len(now.keys() - then.keys()))
    for customer, records in then.items():
        if customer not in now:
            counts["merged" if any(after.get(record) for record in records) else "gone"] += 1
        elif records - now[customer]:
            counts["split"] += 1
        else:
            counts["grown" if now[customer] - records else "kept"] += 1
    return counts


def changed(before: list[tuple], after: list[tuple]) -> dict[str, tuple]:
    old, new = dict(before), dict(after)
    return {key: (old.get(key, 0), new.get(key, 0)) for key in old | new if old.get(key, 0) != new.get(key, 0)}


def passages(before: list[tuple], after: list[tuple]) -> Counter[tuple]:
    old, new = dict(before), dict(after)
    moves = ((old.get(customer), new.get(customer)) for customer in old | new)
    return Counter(move for move in moves if move[0] != move[1])


@pytest.mark.slow
def test_the_same_configuration_changes_nothing_and_leaves_no_trace(settled: Path) -> None:
    before = hashes(settled)
    report = cast_shadow(Workspace.open(settled))
    assert report.is_same
    assert report.difference.customers["kept"] == len({one for one in crosswalk(settled).values() if one})
    assert report.destinations
    assert hashes(settled) == before
    assert not shadow_folder(Workspace.open(settled)).exists()


@dataclass(frozen=True)
class Outcome:
    """What readers see of the published view, and how many rows destinations were sent so far."""

    customers: dict[str, str | None]
    cells: list[tuple]
    credit: list[tuple]
    segments: list[tuple]
    sent: dict[str, int]

    @classmethod
    def of(cls, folder: Path) -> Outcome:
        return cls(
            crosswalk(folder),
            published(folder, CELLS),
            published(folder, CREDIT),
            published(folder, RFV_SEGMENTS),
            dict(operations_of(folder, SENT)),
        )


def assert_foretold(report: dict[str, Any], before: Outcome, after: Outcome) -> None:
    """Hold every number of a report, as `--json` prints it, to what the run then made of the published view."""
    difference = report["difference"]
    assert {name: count for name, count in difference["customers"].items() if count} == {
        name: count for name, count in outcomes(before.customers, after.customers).items() if count
    }
    for figure, then, now in (
        ("rfv_cells", before.cells, after.cells),
        ("attributed_amounts", before.credit, after.credit),
    ):
        shown = {one["member"]: (one["before_value"], one["after_value"]) for one in difference[figure]}
        assert shown == {one: (float(old), float(new)) for one, (old, new) in changed(then, now).items()}, figure
    shown = {
        (one["from_segment"], one["to_segment"]): one["customer_count"]
        for one in difference["segments"]
        if one["segment_kind"] == "rfv"
    }
    assert shown == passages(before.segments, after.segments)
    moved = {name: sum(one["shadow"][name] for one in report["destinations"]) for name in ("add", "change", "remove")}
    assert moved == {name: after.sent.get(name, 0) - before.sent.get(name, 0) for name in moved}


def hold_reasons(folder: Path) -> str:
    (reasons,) = operations_of(folder, "select reasons from ops.verdicts")[-1]
    return " ".join(reasons)


def test_a_shadow_says_exactly_what_a_run_then_does(settled: Path, tmp_path: Path) -> None:
    rules = tmp_path / "next.yml"
    rules.write_text(RULES, encoding="utf-8")
    files, before = hashes(settled), Outcome.of(settled)
    files_before_run = hashes(settled)
    report: ShadowReport = cast_shadow(Workspace.open(settled), rules=rules)
    assert not report.is_same
    # The operations store was opened for reading above, by this test.
    assert {name: one for name, one in hashes(settled).items() if name != "warehouse/ops.duckdb"} == {
        name: one for name, one in files_before_run.items() if name != "warehouse/ops.duckdb"
    }
    assert files.keys() == files_before_run.keys()

    with (settled / "identity.yml").open("a", encoding="utf-8") as file:
        file.write(RULES)
    assert run(settled) == "hold"
    assert "Changed since the published view: identity.yml" in hold_reasons(settled)
    sign_and_publish(Workspace.open(settled), who="Ana Souza", why="the rules that the shadow showed")
    assert_foretold(plain(report), before, Outcome.of(settled))


@pytest.mark.slow
def test_a_candidate_epoch_is_trained_tried_adopted_and_does_what_its_shadow_foretold(
    fresh: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def call(*arguments: str) -> str:
        capsys.readouterr()
        assert cli.run(["-w", str(fresh), *arguments]) == 0
        return capsys.readouterr().out

    with (fresh / "identity.yml").open("a", encoding="utf-8") as file:
        file.write(RULES + "scoring: {scope: all}\n")
    assert run(fresh) == "pass"
    shutil.rmtree(fresh / "landing" / "activation")
    before, in_force = Outcome.of(fresh), epoch_of(fresh)

    trained = json.loads(call("identity", "train", "--json"))
    assert trained["has_scoring_model"]
    assert trained["epoch_id"] != in_force
    report = json.loads(call("identity", "shadow", "--epoch", "candidate", "--json"))
    told = report["difference"]
    assert told["customers"]["merged"]
    assert told["segments"]
    assert told["rfv_cells"]
    assert told["attributed_amounts"]
    assert any(any(one["shadow"].values()) for one in report["destinations"])
    assert (Outcome.of(fresh), epoch_of(fresh)) == (before, in_force), "a shadow changes nothing"

    assert json.loads(call("identity", "epoch", "adopt", "--yes", "--json"))["epoch_id"] == trained["epoch_id"]
    assert run(fresh) == "hold"
    assert "Changed since the published view: the model epoch" in hold_reasons(fresh)
    assert (Outcome.of(fresh), epoch_of(fresh)) == (before, in_force), "what is held is published to nobody"
    sign_and_publish(Workspace.open(fresh), who="Ana Souza", why="the epoch that the shadow showed")
    assert epoch_of(fresh) == trained["epoch_id"]
    assert_foretold(report, before, Outcome.of(fresh))


@pytest.mark.slow
def test_a_killed_shadow_leaves_nothing_that_a_run_reads(settled: Path) -> None:
    workspace = Workspace.open(settled)
    publication = current_publication(workspace)
    assert publication is not None
    before, fingerprint = hashes(settled), input_fingerprint(workspace, publication.run)
    half = shadow_folder(workspace) / "build" / "identity" / "customer_crosswalk.parquet"
    process = subprocess.Popen(unavista(settled, "identity", "shadow"), stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 900
        while not half.exists() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.1)
        assert process.poll() is None
        assert half.exists()
    finally:
        process.kill()
        process.wait()
    assert hashes(settled) == before
    assert input_fingerprint(workspace, publication.run) == fingerprint
    with in_shadow(workspace) as shadow:
        assert not shadow.build.exists()
        assert not half.exists()
    assert not shadow_folder(workspace).exists()
