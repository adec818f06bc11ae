"""Nothing bad gets out: a planted violation of any contract stops publication and exports, and says why."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from sample_company import exported, mart_contents, operations_of, unavista

from data_contracts.loader import contract_names, load_contract
from workspace.errors import GateRefused
from workspace.runs import Run
from workspace.sql import connect, quote_identifier
from workspace.workspace import Workspace

BROKEN_ROWS = 1_000
ALWAYS = ("pos_sales", "fct_orders", "customer_contacts")


def slow_but(names: tuple[str, ...]) -> list:
    """Return the contracts as parameters: a few in every run of the suite, the others among the slow tests."""
    return [pytest.param(name, marks=() if name in ALWAYS else pytest.mark.slow) for name in names]


@pytest.fixture(scope="module")
def house(finished_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One finished company that the tests of marts share; each puts back what it broke."""
    return Path(shutil.copytree(finished_folder, tmp_path_factory.mktemp("gate") / "company", symlinks=True))


def what_is_out(folder: Path) -> tuple[dict[str, str], dict[str, bytes], str]:
    return mart_contents(folder), exported(folder), str((folder / "warehouse" / "current").readlink())


@pytest.mark.parametrize("name", slow_but(contract_names("products")))
def test_publication_is_refused_when_a_mart_breaks_its_contract(house: Path, name: str) -> None:
    from quality.auditing import audit
    from quality.publishing import publish

    workspace, before = Workspace.open(house), what_is_out(house)
    contract = load_contract("products", name)
    (run_id,) = operations_of(house, "select max(run_id) from ops.runs")[0]
    kept = workspace.build_file.with_suffix(".kept")
    shutil.copyfile(workspace.build_file, kept)
    try:
        table = f"{'restricted' if contract.domain == 'restricted' else 'marts'}.{quote_identifier(name)}"
        free = next(column for column in contract.column_names if column not in contract.primary_key)
        with connect(workspace, database=workspace.build_file) as con:
            con.execute(f"create table staging.spoiled as select * from {table}")
            # A row without its key: no mart promises that, and an empty one can be broken so too.
            con.execute(f"insert into staging.spoiled ({quote_identifier(free)}) values (null)")
            con.execute(f"drop table {table}")
            con.execute(f"create table {table} as select * from staging.spoiled")
            con.execute("drop table staging.spoiled")
        verdict = audit(workspace, Run.from_id(run_id))
        assert verdict.status == "stop"
        assert any(name in reason for reason in verdict.reasons), verdict.reasons
        with pytest.raises(GateRefused):
            publish(workspace, Run.from_id(run_id))
        assert what_is_out(house) == before
    finally:
        shutil.move(kept, workspace.build_file)


def delivery_of(folder: Path, contract: str) -> tuple[dict, str, Path]:
    """Return the source, the file pattern and a file of the first feed of a contract that has delivered anything."""
    for file in sorted((folder / "feeds").glob("*.yml")):
        feed = yaml.safe_load(file.read_text(encoding="utf-8"))
        if feed["contract"] == contract:
            source = feed["source"]
            pattern = source["path"] if isinstance(source["path"], str) else source["path"][0]
            if found := sorted(folder.glob(pattern)):
                return source, pattern, found[0]
    raise AssertionError(f"no feed of {contract} delivered anything to the sample company")


def plant_broken_file(folder: Path, contract: str) -> None:
    """Deliver a file in which every row misses what its contract requires."""
    source, pattern, example = delivery_of(folder, contract)
    broken = example
    if "*" in pattern:
        broken = example.with_name(example.name.replace(".", "_broken.", 1))
    if source.get("format") == "parquet":
        import polars as pl

        frame = pl.read_parquet(example)
        frame.with_columns(pl.lit(None, dtype=kind).alias(name) for name, kind in frame.schema.items()).write_parquet(
            broken
        )
        return
    if source.get("format") == "jsonl":
        content = b'{"unreadable": \n' * BROKEN_ROWS
        broken.write_bytes(gzip.compress(content) if example.suffix == ".gz" else content)
        return
    header = example.read_bytes().splitlines(keepends=True)[0]
    broken.write_bytes(header + b"one lonely field\n" * BROKEN_ROWS)


FEEDS = tuple(name for name in contract_names("feeds") if name != "activation_messages")


@pytest.mark.parametrize("contract", slow_but(FEEDS))
def test_run_stops_and_says_why_when_a_feed_is_broken(finished: Path, contract: str) -> None:
    before = what_is_out(finished)
    plant_broken_file(finished, contract)
    command = unavista(finished, "run")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    assert done.returncode == 3, output
    assert contract in output
    assert what_is_out(finished) == before
    verdicts = operations_of(finished, "select status from ops.verdicts order by decided_at desc limit 1")
    assert verdicts == [("stop",)]
    reports = sorted((finished / "warehouse" / "reports").glob("*.html"), key=lambda file: file.stat().st_mtime)
    assert contract in reports[-1].read_text(encoding="utf-8")
