"""Runs that redo only what changed give the tables of a full run, whatever became of the state in between."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from made_model import MADE_MODEL
from stdnum.br import cpf

from identity.configuration import load_identity_config
from identity.epochs import adopted_folder, store_epoch, write_epoch
from identity.review.decisions import record_decision
from identity.state_file import state_file
from identity.tables import ORDERS
from workspace.sql import connect
from workspace.workspace import Workspace

AS_OF = datetime(2026, 1, 31, 5, tzinfo=UTC)


def cpf_of(number: int) -> str:
    base = f"{number:09d}"
    return base + cpf._calc_check_digits(base)


class Twins:
    """Two workspaces with the same files and publications; one keeps its state, the other resolves in full."""

    def __init__(self, lake, folder: Path) -> None:
        folder.mkdir()
        shutil.copy(lake.ws.root / "workspace.yml", folder)
        self.kept, self.full = lake, type(lake)(Workspace.open(folder))

    def customers(self, *rows: dict) -> None:
        for one in (self.kept, self.full):
            one.customers(*rows)

    def sales(self, *rows: dict) -> None:
        for one in (self.kept, self.full):
            one.sales(*rows)

    def resolve(self, day: int, *, publish: bool = True) -> None:
        at = AS_OF + timedelta(days=day)
        self.kept.resolve(as_of=at)
        state_file(self.full.ws).unlink(missing_ok=True)
        self.full.resolve(as_of=at)
        self.compare()
        if publish:
            self.kept.publish()
            self.full.publish()

    def compare(self) -> None:
        for table in ORDERS:
            assert self.kept.table(table) == self.full.table(table), table


@pytest.fixture
def twins(lake, tmp_path) -> Twins:
    return Twins(lake, tmp_path / "full")


@pytest.fixture
def scored_twins(twins) -> Twins:
    """Twins in which a model weighs all pairs."""
    for one in (twins.kept, twins.full):
        (one.ws.root / "identity.yml").write_text("scoring: {scope: all}\n")
        with connect(one.ws) as con:
            con.execute("create temp table name_tokens as select '' as token, cast(11 as DOUBLE) as bits")
            con.execute("create temp table term_frequencies (column_name VARCHAR, value VARCHAR, frequency DOUBLE)")
            store_epoch(con, load_identity_config(one.ws), splink_model=MADE_MODEL, record_count=40)
            write_epoch(con, adopted_folder(one.ws))
    return twins


def row(rng: random.Random, number: int, world: int = 0) -> dict:
    """Return a registration that collides with others of its world, and with none of another."""

    def maybe(value, share):
        return value if rng.random() < share else None

    day = rng.randint(1, 9)
    return {
        "id": str(1000 * world + number),
        "person_name": f"{rng.choice(['Ana', 'Otto', 'Jose', 'Bia'])} {rng.choice(['Lima', 'Weber', 'Souza'])}",
        "document_number": maybe(cpf_of(700 + 1000 * world + rng.randint(1, 12)), 0.4),
        "email": maybe(email(rng.randint(1, 12), world), 0.5),
        "phone": maybe(f"119{8000 + world}5{rng.randint(110, 120)}", 0.4),
        "birth_date": maybe(f"2026-02-0{day}" if rng.random() < 0.2 else f"{1930 + world % 70}-03-0{day}", 0.4),
        "postal_code": maybe(f"0{1310 + world}10{rng.randint(0, 2)}", 0.4),
        "street_number": "1",
        "updated_at": datetime(2025, 1, rng.randint(1, 28)),
        "deleted_at": maybe(datetime(2025, 1, 20), 0.05),
    }


def email(number: int, world: int) -> str:
    return f"p{number}.{world}x@uol.com.br"


def history(twins: Twins, rng: random.Random, worlds: range) -> None:
    """Deliver files for five days: new, changed, late, repeated and deleted registrations, and sales that name them."""
    said: list[dict] = []
    for day in range(5):
        rows = [row(rng, rng.randint(1, 40), world) for world in worlds for _ in range(rng.randint(1, 12))]
        twins.customers(*rows, *(rng.sample(said, len(said) // 20)))
        said += rows
        sales = []
        for world in worlds:
            references = [
                {"customer_ref_system": "crm", "customer_ref_id": str(1000 * world + rng.randint(1, 40))},
                {"email": email(1, world)},
            ]
            sales += [{"id": f"{day}-{world}-{i}", **rng.choice(references)} for i in range(3)]
        twins.sales(*sales)
        twins.resolve(day, publish=rng.random() < 0.7)


@pytest.mark.parametrize("seed", [1, 2])
def test_every_table_is_that_of_a_full_run_over_a_history_of_files(twins, seed):
    history(twins, random.Random(seed), range(1))


@pytest.mark.parametrize("seed", [1, 2])
def test_every_table_is_that_of_a_full_run_where_a_model_weighs_pairs(scored_twins, seed):
    history(scored_twins, random.Random(seed), range(1))
    scored = "select count(*) from t where rule_name = 'scored' and is_within_customer"
    assert scored_twins.kept.table("match_edges", scored)[0][0] > 0


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 1000, 100))
def test_every_table_is_that_of_a_full_run_over_a_thousand_histories_of_files(twins, first):
    history(twins, random.Random(first), range(first, first + 100))


def test_replayed_file_of_an_erased_person_brings_nobody_back(twins):
    person = {"id": "1", "person_name": "Ana Lima", "email": "ana@uol.com.br"}
    twins.customers(person, {"id": "2", "person_name": "Otto Weber", "email": "otto@uol.com.br"})
    twins.resolve(0)
    twins.customers(person | {"deleted_at": datetime(2025, 2, 1), "updated_at": datetime(2025, 2, 1)})
    twins.resolve(1)
    for one in (twins.kept, twins.full):
        shutil.rmtree(one.ws.lake / "crm_customers" / "batch=b0002")
    twins.resolve(2)
    twins.customers(person)
    twins.resolve(3)
    assert twins.kept.customer_of("1") is None


def test_a_lost_damaged_or_foreign_state_changes_nothing(twins):
    rng = random.Random(3)
    twins.customers(*(row(rng, number) for number in range(20)))
    twins.resolve(0)
    file = state_file(twins.kept.ws)
    assert file.is_file()
    for day, spoil in enumerate((file.unlink, lambda: file.write_bytes(b"nonsense"), lambda: _tamper(file)), 1):
        spoil()
        twins.customers(*(row(rng, rng.randint(1, 30)) for _ in range(3)))
        twins.resolve(day)


def _tamper(file: Path) -> None:
    import duckdb

    with duckdb.connect(str(file)) as con:
        con.execute("update resolution set fingerprint = 'of other code'")
        con.execute("delete from records")


@pytest.mark.parametrize("kind", ["twins", "scored_twins"])
def test_a_state_in_use_is_believed(kind, request):
    """What the state says is not read from the lake again: this proves that the other tests test something."""
    import duckdb

    twins = request.getfixturevalue(kind)
    rng = random.Random(4)
    twins.customers(*(row(rng, number) for number in range(20)))
    twins.resolve(0)
    with duckdb.connect(str(state_file(twins.kept.ws))) as con:
        con.execute("update records set full_name = 'Somebody Else'")
    twins.kept.resolve(as_of=AS_OF)
    assert twins.kept.table("customer_records", "select distinct full_name from t") == [("Somebody Else",)]


def test_decisions_of_people_count_in_the_next_run(twins):
    rows = [{"id": str(i), "person_name": "Ana Lima", "email": "ana@uol.com.br"} for i in range(3)]
    twins.customers(*rows, {"id": "9", "person_name": "Otto Weber", "phone": "11981234567"})
    twins.resolve(0)
    ids = dict(twins.kept.table("customer_records", "select source_customer_id, record_id from t"))
    for one in (twins.kept, twins.full):
        at = datetime(2026, 2, 1, tzinfo=UTC)
        record_decision(one.ws, ids["0"], ids["1"], "different", by="maria", at=at)
        record_decision(one.ws, ids["2"], ids["9"], "same", by="maria", at=at)
    twins.resolve(1)
    assert twins.kept.customer_of("0") != twins.kept.customer_of("1")
    assert twins.kept.customer_of("2") == twins.kept.customer_of("9")
    for one in (twins.kept, twins.full):
        record_decision(one.ws, ids["0"], ids["1"], "unsure", by="maria", at=datetime(2026, 2, 2, tzinfo=UTC))
    twins.resolve(2)
    assert twins.kept.customer_of("0") == twins.kept.customer_of("1")


def test_rolling_a_publication_back_gives_the_ids_of_a_full_run(twins):
    rng = random.Random(6)
    for day in range(3):
        twins.customers(*(row(rng, rng.randint(1, 25)) for _ in range(10)))
        twins.resolve(day)
    for one in (twins.kept, twins.full):
        one.ws.current.unlink()
        one.ws.current.symlink_to(one.ws.publications / "p1")
    twins.customers(*(row(rng, rng.randint(1, 25)) for _ in range(10)))
    twins.resolve(4)


def test_a_run_killed_amid_its_changes_is_redone_by_the_same_command(twins):
    rng = random.Random(7)
    twins.customers(*(row(rng, number) for number in range(20)))
    twins.resolve(0)
    twins.customers(*(row(rng, rng.randint(1, 30)) for _ in range(8)))
    code = (
        "import os, signal, sys, identity.resolving as r\n"
        "from workspace.workspace import Workspace\nfrom workspace.runs import Run\n"
        "from datetime import datetime, UTC\n"
        "r.note_inputs = lambda *a: os.kill(os.getpid(), signal.SIGKILL)\n"
        "r.resolve(Workspace.open(sys.argv[1]), Run.at(datetime(2026, 2, 1, 5, tzinfo=UTC)))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, str(twins.kept.ws.root)],
        env=os.environ,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL
    twins.resolve(1)
