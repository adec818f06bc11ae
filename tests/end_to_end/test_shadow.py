"""A shadow says what a run would do and leaves no trace: not in the view, not in a later run, not when it is killed."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest
from sample_company import operations_of, published, run, unavista

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


def test_a_shadow_says_exactly_what_a_run_then_does(settled: Path, tmp_path: Path) -> None:
    rules = tmp_path / "next.yml"
    rules.write_text(RULES, encoding="utf-8")
    files, known = hashes(settled), crosswalk(settled)
    cells, credit, segments = (published(settled, query) for query in (CELLS, CREDIT, RFV_SEGMENTS))
    sent = dict(operations_of(settled, SENT))
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
    (reasons,) = operations_of(settled, "select reasons from ops.verdicts")[-1]
    assert "Changed since the published view: identity.yml" in " ".join(reasons)
    sign_and_publish(Workspace.open(settled), who="Ana Souza", why="the rules that the shadow showed")

    difference = report.difference
    assert {name: count for name, count in difference.customers.items() if count} == {
        name: count for name, count in outcomes(known, crosswalk(settled)).items() if count
    }
    shown = {one.member: (one.before_value, one.after_value) for one in difference.rfv_cells}
    assert shown == changed(cells, published(settled, CELLS))
    shown = {one.member: (one.before_value, one.after_value) for one in difference.attributed_amounts}
    assert shown == changed(credit, published(settled, CREDIT))
    shown = {
        (one.from_segment, one.to_segment): one.customer_count
        for one in difference.segments
        if one.segment_kind == "rfv"
    }
    assert shown == passages(segments, published(settled, RFV_SEGMENTS))
    now_sent = dict(operations_of(settled, SENT))
    assert {name: sum(one.shadow[name] for one in report.destinations) for name in ("add", "change", "remove")} == {
        name: now_sent.get(name, 0) - sent.get(name, 0) for name in ("add", "change", "remove")
    }


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
