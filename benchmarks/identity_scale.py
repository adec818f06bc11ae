"""Time identity on person records: a full run, deltas, and the floor of the same run, with quality against the truth.

Usage: python -m benchmarks.identity_scale --people N [--delta 0.01 --delta 0.001] [--records FILE --truth FILE]
    [--memory 6GB] [--skip-floor] [--scored]

The records are those of `--records` (columns rid, source, source_id, name, doc, email, phone, birth_date, street,
number, complement, city, uf, cep, updated_at; the truth has rid and entity), or come from a sample of our own. The
engine runs from the Parquet file to clusters, without the files that a workspace writes. The floor is bare DuckDB on
the same records: read, normalise, and four hash self-joins. A delta is new, changed and deleted records, 7 : 2 : 1.
With `--scored` a model, which a first run learns, weighs the pairs that rules leave open.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.identity_quality import scores
from identity.configuration import Scoring, load_identity_config
from identity.delta import link_changes
from identity.epochs import freeze_epoch, read_epoch
from identity.evidence import BLOCK_COLUMNS
from identity.linking import cluster_records, link_records
from identity.metrics import TWO_DOCUMENTS
from identity.normalised_records import RID, create_records
from identity.scoring.predicting import create_scored_edges
from identity.state import keep_tables
from workspace.sql import quote_literal
from workspace.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb
    from numpy.typing import NDArray

    from identity.configuration import IdentityConfig

AS_OF = datetime(2026, 1, 31)
_COLUMNS = {
    "person_name": "name", "document_number": "doc", "email": "email", "phone": "phone",
    "birth_date": "try_cast(birth_date as DATE)", "street": "street", "street_number": "number",
    "address_complement": "complement", "city": "city", "state_code": "uf", "postal_code": "cep",
}  # fmt: skip


@contextmanager
def _measured(label: str, figures: dict[str, tuple[float, float]]) -> Iterator[None]:
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    figures[label] = time.perf_counter() - wall, time.process_time() - cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{label:28s} {figures[label][0]:8.2f} s {figures[label][1]:8.2f} CPU-s  peak {memory:.2f} GB", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--delta", type=float, action="append")
    parser.add_argument("--records", type=Path)
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--memory", default="6GB")
    parser.add_argument("--skip-floor", action="store_true", help="measure no floor: that of many people takes long")
    parser.add_argument("--scored", action="store_true", help="let a model weigh pairs of all profiles")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.records is None or arguments.truth is None:
            from benchmarks.person_records import write_person_records

            arguments.records, arguments.truth = write_person_records(Path(folder), people=arguments.people)
        figures: dict[str, tuple[float, float]] = {}
        if not arguments.skip_floor:
            with opened(arguments.memory, Path(folder)) as con, _measured("floor", figures):
                _floor(con, arguments.records)
        _run(figures, arguments, Path(folder))
        _ratios(figures)


def _run(figures: dict[str, tuple[float, float]], arguments: argparse.Namespace, folder: Path) -> None:
    records, truth, shares = arguments.records, arguments.truth, arguments.delta or [0.01, 0.001]
    with opened(arguments.memory, folder) as con:
        config = _configuration(scored=arguments.scored)
        # a delta share of the records is held back, to arrive later
        for share in shares:
            _measure_share(con, records, share)
        if arguments.scored:
            with _measured("first, learning a model", figures):
                read_records(con, records, "rid not in (select rid from late)")
                resolve_records(con, config)
        with _measured("full", figures):
            read_records(con, records, "rid not in (select rid from late)")
            resolve_records(con, config, has_epoch=arguments.scored)
        _quality(con, truth)
        with _measured("keep state", figures):
            con.execute("drop table temp.clustered")
            keep_tables(con)
        for share in shares:
            arrived = _write_delta(con, records, share, folder)
            with _measured(f"delta {share}", figures):
                read_records(con, arrived)
                create_records(con, country="BR", as_of=AS_OF)
                con.execute("create or replace temp table changed_records as from temp.records")
                con.execute("drop table temp.records")
                con.execute("drop table temp.raw_records")
                con.execute(
                    f"create or replace temp table gone_records as select {RID} as rid from "
                    f"(select md5(cast(rid as VARCHAR)) as record_id from gone where share = {share})"
                )
                con.execute("begin")
                link_changes(con, config, country="BR", epoch=read_epoch(con))
                con.execute("commit")


def _ratios(figures: dict[str, tuple[float, float]]) -> None:
    full, floor = figures["full"], figures.get("floor")
    if floor:
        print(f"full : floor             {full[0] / floor[0]:.2f} wall, {full[1] / floor[1]:.2f} CPU")
    for name, figure in figures.items():
        if name.startswith("delta"):
            print(f"{name} : full      {figure[0] / full[0]:.3f} wall, {figure[1] / full[1]:.3f} CPU")


@contextmanager
def opened(memory: str, folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database with an empty state in `folder`, as a run does."""
    import duckdb

    con = duckdb.connect(config={"threads": "2", "memory_limit": memory, "temp_directory": str(folder / "spill")})
    file = folder / "state.duckdb"
    con.execute(f"attach {quote_literal(file)} as state")
    con.execute("use state")
    con.execute("set preserve_insertion_order = false")
    try:
        yield con
    finally:
        con.close()
        file.unlink(missing_ok=True)


def _measure_share(con: duckdb.DuckDBPyConnection, records: Path, share: float) -> None:
    """Choose by hash which records come late, change and go, for one share."""
    source = quote_literal(records)
    for table, part in (("late", 0.7), ("redone", 0.2), ("gone", 0.1)):
        con.execute(f"create temp table if not exists {table} (rid BIGINT, share DOUBLE)")
        con.execute(
            f"insert into {table} select rid, {share} from read_parquet({source}) "
            f"where hash(rid, '{table}{share}') % 1000000 < {share * part} * 1000000 "
            "and rid not in (select rid from late)"
        )


def _write_delta(con: duckdb.DuckDBPyConnection, records: Path, share: float, folder: Path) -> Path:
    """Write the late and the changed records of a share into a file of their own; changed ones lose their telephone."""
    file = folder / f"delta-{share}.parquet"
    con.execute(
        f"""
        copy (
            select * replace (case when rid in (select rid from redone where share = {share}) then null else phone end
                as phone)
            from read_parquet({quote_literal(records)})
            where rid in (select rid from late where share = {share} union all
                select rid from redone where share = {share})
        ) to {quote_literal(file)} (format parquet)
        """
    )
    return file


def read_records(con: duckdb.DuckDBPyConnection, records: Path, where: str = "true") -> None:
    """Create `raw_records` from a file."""
    fields = [f"{_COLUMNS.get(name, f'cast(null as {kind})')} as {name}" for name, kind in BLOCK_COLUMNS.items()]
    con.execute(
        f"""
        create or replace temp table raw_records as
        select
            md5(cast(rid as VARCHAR)) as record_id, source as source_system, source_id as source_customer_id,
            'crm_customers' as contract, updated_at, updated_at as first_seen_at, updated_at as last_seen_at,
            true as is_master, false as is_deleted, cast(null as TIMESTAMP) as deleted_at,
            cast(null as VARCHAR) as reference_record_id, rid as record_hash, cast(null as VARCHAR) as gender,
            cast(1 as BIGINT) as row_count, cast(null as VARCHAR) as customer_kind, {", ".join(fields)}
        from read_parquet({quote_literal(records)}) where {where}
        """
    )


def _configuration(*, scored: bool = False) -> IdentityConfig:
    """Return the shipped configuration, with a model that weighs everybody or with none."""
    scoring = Scoring(train="always", scope="all") if scored else Scoring(train="never")
    return load_identity_config().model_copy(update={"scoring": scoring})


def resolve_records(
    con: duckdb.DuckDBPyConnection, config: IdentityConfig | None = None, *, has_epoch: bool = False
) -> None:
    """Resolve `raw_records` as a full run does, from normalising to clusters; a first one has to make its epoch."""
    config = config or _configuration()
    create_records(con, country="BR", as_of=AS_OF)
    con.execute("drop table temp.raw_records")
    _no_decisions(con)
    link_records(con, config, country="BR", epoch=lambda con: None if has_epoch else _freeze(con, config))
    create_scored_edges(con, read_epoch(con), config)
    cluster_records(con, config, scored=True)


def _no_decisions(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        "create or replace temp table decided_pairs (record_id_left VARCHAR, record_id_right VARCHAR, decision VARCHAR)"
    )
    con.execute("create or replace temp table redecided (rid BIGINT)")


def _freeze(con: duckdb.DuckDBPyConnection, config: IdentityConfig) -> None:
    """Freeze how rare names are, and a model if the configuration asks for one, as a workspace's first run does."""
    with tempfile.TemporaryDirectory() as folder:
        freeze_epoch(con, bare_workspace(Path(folder)), config)


def bare_workspace(folder: Path) -> Workspace:
    """Make a workspace with nothing in it."""
    (folder / "workspace.yml").write_text("name: Benchmark\n")
    return Workspace.open(folder)


def _floor(con: duckdb.DuckDBPyConnection, records: Path) -> None:
    read_records(con, records)
    create_records(con, country="BR", as_of=AS_OF)
    for keys in ("document_number", "email_key", "phone_key", "given_key, family_key, birth_date"):
        equal = " and ".join(f"a.{key} = b.{key}" for key in keys.split(", "))
        present = " and ".join(f"{key} is not null" for key in keys.split(", "))
        con.execute(
            f"create or replace temp table keyed as select rid, {keys} from records where {present} "
            f"qualify count(*) over (partition by {keys}) <= 50"
        )
        con.execute(f"select count(*) from keyed a join keyed b on {equal} where a.rid < b.rid").fetchall()


def clusters_of(con: duckdb.DuckDBPyConnection, truth: Path) -> tuple[NDArray, NDArray]:
    """Return the true person and the cluster of each record."""
    found = con.execute(
        f"select t.entity, case when c.is_identified then c.cluster else c.rid end as cluster "
        f"from read_parquet({quote_literal(truth)}) t join clustered c "
        "on c.record_id = md5(cast(t.rid as VARCHAR))"
    ).fetchnumpy()
    return found["entity"], found["cluster"]


def _quality(con: duckdb.DuckDBPyConnection, truth: Path) -> None:
    result = scores(*clusters_of(con, truth))
    print("  ".join(f"{name} {value:.4f}" for name, value in result.items()), flush=True)
    twice = con.execute(f"select count(*) from ({TWO_DOCUMENTS})").fetchall()[0][0]
    print(f"clusters with two valid documents {twice}", flush=True)


if __name__ == "__main__":
    main()
