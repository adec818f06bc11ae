"""Measure how many wrong clusters the top of the review queue holds, and fit its coefficients.

Usage: python -m benchmarks.identity_review [--people 20000] [--seeds 12 13] [--workspace PATH ...] [--fit]
       python -m benchmarks.identity_review --records FILE --truth FILE

Of a workspace only feeds that carry people are landed; person records and their truth have the columns that
`benchmarks.identity_scale` names. A cluster is impure when its records belong to more than one true person; the
share is taken among identified clusters of two records or more. `--fit` prints coefficients for all workspaces given
together, to be checked on others: a ridge logistic regression of "the two ends hold records of several people" on the
features of `identity.review.doubts`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.identity_quality import _create_truth
from benchmarks.identity_scale import bare_workspace, opened, read_records, resolve_records
from data_contracts.loader import load_contracts
from identity import resolving
from identity.configuration import load_identity_config
from identity.customer_ids import assign_customer_ids
from identity.edge_values import create_edge_values
from identity.households import create_households
from identity.linking import cluster_records
from identity.published import create_published
from identity.review import doubts
from identity.tables import create_crosswalk
from workspace.runs import Run
from workspace.sql import connect, quote_literal
from workspace.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

    from identity.configuration import IdentityConfig

_SHARES = (0.005, 0.01, 0.02, 0.05)
_RIDGE = 1.0
_IS_WRONG = "least(a.first_person, b.first_person) <> greatest(a.last_person, b.last_person)"
"""SQL for whether the two ends of a link hold records of more than one person; one end alone may, where rows without a
name show the same."""


def main() -> None:
    """Resolve samples, rank their clusters and print the yield."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[12])
    parser.add_argument("--workspace", type=Path, nargs="+")
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--records", type=Path)
    parser.add_argument("--truth", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.records and arguments.truth:
            with resolved_records(Path(folder), arguments.records, arguments.truth) as con:
                print_yield(con)
            return
        folders = arguments.workspace or [
            make_sample(Path(folder) / str(seed), arguments.people, seed) for seed in arguments.seeds
        ]
        seen = [report(Workspace.open(place), fit=arguments.fit) for place in folders]
        if arguments.fit:
            features, wrong = zip(*seen, strict=True)
            print_fit(fit_logistic(np.vstack(features), np.concatenate(wrong)))


def make_sample(folder: Path, people: int, seed: int) -> Path:
    """Write a sample workspace and land what carries people."""
    from ingestion.landing import land_contract
    from ingestion.samples import write_sample_workspace

    write_sample_workspace(folder, people=people, seed=seed)
    ws = Workspace.open(folder)
    for name, contract in load_contracts("feeds", ws).items():
        if contract.person_role != "none" or name == "crm_companies":
            land_contract(ws, _run(ws), name)
    return folder


@contextmanager
def resolved(ws: Workspace) -> Iterator[DuckDBPyConnection]:
    """Resolve a workspace in memory and give the connection, with `doubts`, `truth`, `impurity` and `people`."""
    config = load_identity_config(ws)
    with connect(ws) as con:
        con.execute("set preserve_insertion_order = false")
        create_published(con, ws)
        resolving.link_records(con, ws, _run(ws), config)
        cluster_records(con, config, scored=True)
        resolving._create_outputs(con, ws, _run(ws), config)
        _create_doubts(con, ws.root.name, config)
        _create_truth(con, ws)
        _create_impurity(con)
        yield con


@contextmanager
def resolved_records(folder: Path, records: Path, truth: Path) -> Iterator[DuckDBPyConnection]:
    """Resolve person records without a workspace's feeds, and give the same."""
    config = load_identity_config()
    with opened("6GB", folder) as con:
        read_records(con, records)
        resolve_records(con)
        create_published(con, bare_workspace(folder))
        assign_customer_ids(con)
        create_crosswalk(con)
        create_edge_values(con, "benchmark")
        create_households(con, config)
        _create_doubts(con, records.stem, config)
        con.execute(
            "create temp table truth as select md5(cast(rid as VARCHAR)) as record_id, "
            f"cast(entity as VARCHAR) as person_id from read_parquet({quote_literal(truth)})"
        )
        _create_impurity(con)
        yield con


def _create_doubts(con: DuckDBPyConnection, name: str, config: IdentityConfig) -> None:
    started, cpu = time.perf_counter(), time.process_time()
    doubts.create_doubts(con, config)
    print(f"{name}: doubts {time.perf_counter() - started:.2f} s, {time.process_time() - cpu:.2f} CPU-s")


def _create_impurity(con: DuckDBPyConnection) -> None:
    """Create `impurity` (cluster, is_impure) and `people`: the first and the last person of each profile's records."""
    con.execute(
        "create temp table impurity as select c.cluster, count(distinct t.person_id) > 1 as is_impure "
        "from clustered c join truth t using (record_id) join cluster_facts f using (cluster) "
        "where c.is_identified group by c.cluster having count(*) > 1"
    )
    con.execute(
        "create temp table people as select profile, min(person_id) as first_person, max(person_id) as last_person "
        "from record_profiles join records using (rid) join truth using (record_id) group by profile"
    )


def report(ws: Workspace, *, fit: bool) -> tuple[NDArray, NDArray]:
    """Print the yield of one workspace, and with `fit` return the features of its links and which are wrong."""
    with resolved(ws) as con:
        print_yield(con)
        return _training(con) if fit else (np.empty(0), np.empty(0))


def print_fit(beta: NDArray) -> None:
    """Print coefficients as `identity.review.doubts` writes them."""
    print(f"INTERCEPT = {beta[0]:.2f}\nCOEFFICIENTS = {{")
    for name, value in zip(doubts.FEATURES, beta[1:], strict=True):
        print(f'    "{name}": {value:.2f},')
    print("}")


def _training(con: DuckDBPyConnection) -> tuple[NDArray, NDArray]:
    rows = con.execute(
        f"select {', '.join(doubts.FEATURES)}, {_IS_WRONG} as wrong from doubts d "
        "join people a on a.profile = d.left_profile join people b on b.profile = d.right_profile "
        "order by d.left_profile, d.right_profile"
    ).fetchnumpy()
    wrong = np.asarray(rows.pop("wrong"), float)
    return np.column_stack([np.ones(len(wrong)), *(np.asarray(rows[name], float) for name in doubts.FEATURES)]), wrong


def fit_logistic(features: NDArray, wrong: NDArray) -> NDArray:
    """Return the coefficients of a ridge logistic regression by Newton steps, halved until the loss falls."""
    beta = np.zeros(features.shape[1])
    beta[0] = -5
    ridge = np.eye(len(beta)) * _RIDGE
    ridge[0, 0] = 0.01

    def loss(at: NDArray) -> float:
        score = features @ at
        return float(np.logaddexp(0, score).sum() - wrong @ score + at @ ridge @ at / 2)

    before = loss(beta)
    for _ in range(100):
        chance = 1 / (1 + np.exp(-np.clip(features @ beta, -30, 30)))
        gradient = features.T @ (wrong - chance) - ridge @ beta
        step = np.linalg.solve((features.T * (chance * (1 - chance))) @ features + ridge, gradient)
        size = 1.0
        while loss(beta + size * step) > before and size > 1e-6:
            size /= 2
        beta = beta + size * step
        if before - loss(beta) < 1e-6:
            break
        before = loss(beta)
    return beta


def print_yield(con: DuckDBPyConnection) -> None:
    """Print which share of the impure clusters the first clusters of the queue hold: of all, of those that more than a
    device made impure in a queue without devices, and of those that a device alone made impure."""
    kinds = (
        ("all", "true", "true"),
        ("but devices", "rule_name <> 'same_device'", "not coalesce(v.is_device, false)"),
        ("by devices", "true", "coalesce(v.is_device, false)"),
    )
    for what, only, counted in kinds:
        ranked = con.execute(
            f"""
            with by_cluster as (
                select cluster, max(probability) as score from doubts where {only} group by cluster
            ),
            by_device as (
                select d.cluster, bool_and(d.rule_name = 'same_device') as is_device
                from doubts d
                join people a on a.profile = d.left_profile join people b on b.profile = d.right_profile
                where {_IS_WRONG} group by d.cluster
            )
            select i.is_impure and {counted}
            from impurity i left join by_cluster d using (cluster) left join by_device v using (cluster)
            order by d.score desc nulls last, i.cluster
            """
        ).fetchall()
        impure = np.array([row[0] for row in ranked], bool)
        found = [impure[: int(len(impure) * share)].sum() / max(impure.sum(), 1) for share in _SHARES]
        shares = ", ".join(f"top {share:.1%} {value:.3f}" for share, value in zip(_SHARES, found, strict=True))
        print(f"  {what:12s} {len(impure):,} clusters, {impure.sum():,} impure: {shares}")


def _run(ws: Workspace) -> Run:
    return Run.at(ws.settings.as_of or datetime(2026, 1, 31, tzinfo=UTC))


if __name__ == "__main__":
    main()
