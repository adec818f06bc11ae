"""Score identity resolution against the truth of a sample: pairwise and B-cubed, beside what exact keys could reach.

Usage: python -m benchmarks.identity_quality [--people 5000] [--workspace PATH]

A workspace that holds landed sample feeds and their truth is used as it is; without one, a sample is generated and
landed in a temporary folder. The exact-key ceiling is the recall of someone who knows the truth and links two records
of one person whenever they share any normalised identifier: no rule on exact keys alone can do better.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from data_contracts.loader import load_contracts
from identity.clustering import connected_components
from identity.configuration import load_identity_config
from identity.published import create_published
from identity.resolving import link_records, resolve
from workspace.runs import Run
from workspace.sql import connect, quote_literal
from workspace.workspace import Workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray


def main() -> None:
    """Resolve, score and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=5000)
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--ceiling", action="store_true", help="also compute the exact-key ceiling (resolves twice)")
    arguments = parser.parse_args()
    if arguments.workspace:
        report(Workspace.open(arguments.workspace), ceiling=arguments.ceiling)
        return
    with tempfile.TemporaryDirectory() as folder:
        report(make_sample(Path(folder) / "sample", arguments.people), ceiling=True)


def make_sample(folder: Path, people: int) -> Workspace:
    """Generate a sample workspace and land its feeds."""
    from ingestion.landing import land_contract
    from ingestion.samples import write_sample_workspace

    write_sample_workspace(folder, people=people)
    ws = Workspace.open(folder)
    for contract in load_contracts("feeds", ws):
        land_contract(ws, _run(ws), contract)
    return ws


def report(ws: Workspace, *, ceiling: bool) -> None:
    """Print time, memory, scores and the precision of every rule."""
    started, cpu = time.perf_counter(), time.process_time()
    result = resolve(ws, _run(ws))
    wall, used = time.perf_counter() - started, time.process_time() - cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"{result.records:,} records, {result.customers:,} customers: {wall:.1f} s, {used:.1f} CPU-s, {memory:.2f} GB"
    )
    with connect(ws) as con:
        _create_truth(con, ws)
        for table in ("customer_crosswalk", "match_edges"):
            file = quote_literal(result.folder / f"{table}.parquet")
            con.execute(f"create view {table} as select * from read_parquet({file})")
        labels = con.execute(
            "select person_id, coalesce(customer_id, record_id) as customer_id, "
            "customer_id is not null as is_identified "
            "from truth join customer_crosswalk using (record_id) order by record_id"
        ).fetchnumpy()
        known = np.asarray(labels["is_identified"])
        print("all records        ", _line(scores(labels["person_id"], labels["customer_id"])))
        print("identified records ", _line(scores(labels["person_id"][known], labels["customer_id"][known])))
        if ceiling:
            print("exact-key ceiling  ", _line(_ceiling(ws)))
        print("rule: edges, precision, share that joins")
        for name, count, precision, joins in con.execute(
            "select rule_name, count(*), avg((a.person_id = b.person_id)::INTEGER), "
            "avg(is_within_customer::INTEGER) from match_edges join truth a on a.record_id = record_id_left "
            "join truth b on b.record_id = record_id_right "
            "group by rule_name order by count(*) desc"
        ).fetchall():
            print(f"  {name:48s} {count:>10,}  {precision:.4f}  {joins:.4f}")
    for name, value in result.metrics.items():
        if not name.startswith(("edges_", "changes_")):
            print(f"  {name:48s} {value:>10,.0f}")


def _run(ws: Workspace) -> Run:
    return Run.at(ws.settings.as_of or datetime(2026, 1, 31, tzinfo=UTC))


def _create_truth(con: DuckDBPyConnection, ws: Workspace) -> None:
    """Create `truth` (record_id, person_id): the person of most rows of each record; rows that show nobody are left
    out."""
    parts = []
    for file in sorted((ws.root / "truth" / "records").glob("*.parquet")):
        contract = load_contracts("feeds")[file.stem]
        if contract.person_role == "none":
            continue
        key = next(name for name in contract.primary_key if name != "source_system")
        parts.append(
            f"select l._record_id as record_id, t.person_id from read_parquet({quote_literal(file)}) t "
            f"join read_parquet({quote_literal(ws.lake / file.stem / '*' / '*.parquet')}, hive_partitioning = false) l "
            f"on l.source_system = t.source_system and cast(l.{key} as VARCHAR) = t.source_id "
            "where not t.is_anonymous and l._record_id is not null"
        )
    con.execute(
        f"create temp table truth as with votes as (select record_id, person_id, count(*) as votes from "
        f"({' union all '.join(parts)}) where person_id is not null group by record_id, person_id) "
        "select record_id, arg_max(person_id, (votes, person_id)) as person_id from votes group by record_id"
    )


def _ceiling(ws: Workspace) -> dict[str, float]:
    """Return the scores of linking, within each true person, all records that share any exact identifier."""
    with connect(ws) as con:
        create_published(con, ws)
        link_records(con, ws, _run(ws), load_identity_config(ws))
        _create_truth(con, ws)
        con.execute(
            "create temp table scored as "
            "select r.rid, p.profile, t.person_id, row_number() over (order by r.rid) - 1 as number "
            "from records r join record_profiles p using (rid) join truth t using (record_id)"
        )
        keys = con.execute(
            "select number, min(number) over (partition by kind, value, person_id) as head from ("
            "select s.number, s.person_id, h.kind, h.value from scored s join holdings h using (profile) "
            "union all select number, person_id, 'profile', cast(profile as VARCHAR) from scored)"
        ).fetchnumpy()
        people = con.execute("select person_id from scored order by number").fetchnumpy()["person_id"]
    linked = connected_components(len(people), np.asarray(keys["number"]), np.asarray(keys["head"]))
    return scores(people, linked)


def scores(truth: NDArray, predicted: NDArray) -> dict[str, float]:
    """Return pairwise precision, recall and F1, B-cubed F1 and the largest cluster of two labellings, in O(n log n)."""
    true = np.unique(np.asarray(truth), return_inverse=True)[1]
    found = np.unique(np.asarray(predicted), return_inverse=True)[1]
    both, shared = np.unique(true.astype(np.int64) * (found.max() + 1) + found, return_counts=True)
    in_truth, in_found = np.bincount(true), np.bincount(found)

    def pairs(counts: NDArray) -> float:
        return float((counts.astype(float) * (counts - 1) / 2).sum())

    precision = pairs(shared) / max(pairs(in_found), 1)
    recall = pairs(shared) / max(pairs(in_truth), 1)
    cubed_precision = float((shared.astype(float) ** 2 / in_found[both % (found.max() + 1)]).sum() / len(true))
    cubed_recall = float((shared.astype(float) ** 2 / in_truth[both // (found.max() + 1)]).sum() / len(true))
    return {
        "P": precision, "R": recall, "F1": _harmonic(precision, recall), "B3 P": cubed_precision, "B3 R": cubed_recall,
        "B3 F1": _harmonic(cubed_precision, cubed_recall), "largest": float(in_found.max()),
    }  # fmt: skip


def _harmonic(one: float, other: float) -> float:
    return 2 * one * other / (one + other) if one + other else 0.0


def _line(found: dict[str, float]) -> str:
    return "  ".join(
        f"{name} {value:.4f}" if name != "largest" else f"{name} {value:.0f}" for name, value in found.items()
    )


if __name__ == "__main__":
    main()
