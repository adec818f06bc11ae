"""Incremental equals full, in every table, over random histories of a universe so small that everything collides."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import duckdb
import polars as pl
import pytest
from made_model import MADE_MODEL
from stdnum.br import cpf

from identity.configuration import Guard, IdentityConfig, Scoring, load_identity_config
from identity.delta import link_changes
from identity.epochs import ModelEpoch
from identity.evidence import BLOCK_COLUMNS
from identity.linking import cluster_records, link_records
from identity.normalised_records import RID, create_records
from identity.scoring.predicting import create_scored_edges
from identity.state import TABLES, keep_tables

AS_OF = datetime(2026, 1, 31)
HISTORIES = int(os.environ.get("UNAVISTA_HISTORIES", "4"))
STEPS = 4


def cpf_of(number: int) -> str:
    base = f"{number:09d}"
    return base + cpf._calc_check_digits(base)


def configuration() -> IdentityConfig:
    guards = {kind: Guard(max_names=2, max_documents=2, max_contacts=2) for kind in load_identity_config().guards}
    scoring = Scoring(scope="all")
    return load_identity_config().model_copy(update={"guards": guards, "max_cluster_profiles": 6, "scoring": scoring})


CONFIG = configuration()
UNSCORED = ModelEpoch("rules", 4, "", "")
SCORED = ModelEpoch("scored", 4, "", "", splink_model=MADE_MODEL)


@dataclass
class Universe:
    """Records as the lake would give them, and the decisions of people.

    Universes of different numbers share no value that could link them, so that many can live in one run.
    """

    rng: random.Random
    number: int = 0
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    decisions: dict[tuple[str, str], str] = field(default_factory=dict)
    count: int = 0

    def __post_init__(self) -> None:
        self.places = random.Random(self.number)

    def record(self) -> dict[str, Any]:
        rng, world = self.rng, self.number

        def maybe(value: Any, share: float) -> Any:
            return value if rng.random() < share else None

        own = "".join(chr(ord("a") + int(digit)) for digit in str(world)) if world else ""
        given = rng.choice(["Ana", "Anna", "Jose", "Joao", "Rui", "Bia", None])
        family = rng.choice([f"Silva{own}", f"Souza{own}", f"Lima Souza{own}", f"Lima{own} Filho", f"Weber{own}"])
        number = cpf_of(100 + 1000 * world + rng.randint(1, 5))
        if rng.random() < 0.2:
            place = rng.randint(0, 8)
            number = number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :]
        row = dict.fromkeys(BLOCK_COLUMNS) | {
            "person_name": f"{given} {family}" if given and rng.random() < 0.8 else given,
            "document_number": maybe(number, 0.35),
            "email": maybe(f"e{rng.randint(1, 6)}{own}@uol.com.br", 0.4),
            "email_secondary": maybe(f"e{rng.randint(1, 6)}{own}@uol.com.br", 0.1),
            "phone": maybe(rng.choice(["11", ""]) + f"98{world:04d}40{rng.randint(1, 5)}", 0.4),
            "birth_date": maybe(date(1940 + world % 70, rng.randint(1, 2), rng.randint(1, 2)), 0.3),
            "postal_code": maybe(f"0{1310 + world}10{rng.randint(0, 2)}", 0.4),
            "street_number": str(rng.randint(1, 2)),
            **self.place(),
            "loyalty_card_id": maybe(f"L{rng.randint(10, 13)}{own}", 0.15),
            "device_id": maybe(f"d{rng.randint(1, 4)}{own}", 0.3),
        }
        if rng.random() < 0.15:
            row = dict.fromkeys(BLOCK_COLUMNS) | {"device_id": f"d{rng.randint(1, 4)}{own}"}
        return row

    def place(self) -> dict[str, str | None]:
        """Return what is no evidence for rules, yet a model reads it."""
        own = "".join(chr(ord("a") + int(digit)) for digit in str(self.number))
        street = self.places.choice(["Rua A", "Rua B", None, None, None, None])
        return {
            "street": street and f"{street} {own}",
            "city": self.places.choice([f"Olinda {own}", "Recife", None, None, None, None]),
        }

    def add(self) -> str:
        import hashlib

        self.count += 1
        record_id = hashlib.md5(
            f"{self.number} {self.rng.random()}{self.count}".encode(), usedforsecurity=False
        ).hexdigest()
        self.rows[record_id] = self.record() | {"is_deleted": False}
        return record_id

    def step(self) -> tuple[set[str], set[str], set[str]]:
        """Change something; return the records that changed, that are gone, and that were decided about."""
        rng, changed = self.rng, set()
        gone = {one for one in sorted(self.rows) if rng.random() < rng.choice([0, 0.03, 0.12])}
        for one in gone:
            del self.rows[one]
        for one in sorted(self.rows):
            if rng.random() < 0.08:
                keep = dict(self.rows[one]) if rng.random() < 0.4 else self.record() | {"is_deleted": False}
                if self.places.random() < 0.3:
                    keep |= self.place()
                self.rows[one] = keep | {"is_deleted": rng.random() < 0.15}
                changed.add(one)
        changed |= {self.add() for _ in range(rng.randint(0, 6))}
        return changed, gone, self._decide()

    def _decide(self) -> set[str]:
        about: set[str] = set()
        if len(self.rows) > 2 and self.rng.random() < 0.5:
            pair = tuple(sorted(self.rng.sample(sorted(self.rows), 2)))
            answer = self.rng.choice(["same", "different", None])
            if answer is None:
                pair = self.rng.choice(sorted(self.decisions)) if self.decisions else pair
                self.decisions.pop(pair, None)
            else:
                self.decisions[pair] = answer
            about = set(pair)
        return about


def load(con: duckdb.DuckDBPyConnection, universes: list[Universe], only: set[str] | None = None) -> None:
    """Create `records` of all rows, or of some, and `decided_pairs`."""
    chosen = [(key, row) for one in universes for key, row in one.rows.items() if only is None or key in only]
    universes[0].rng.shuffle(chosen)
    fields = ", ".join(f"{name} {kind}" for name, kind in BLOCK_COLUMNS.items())
    con.execute(f"create or replace temp table given (record_id VARCHAR, is_deleted BOOLEAN, {fields})")
    if chosen:
        rows = pl.DataFrame([{"record_id": key} | row for key, row in chosen], infer_schema_length=None)
        con.register("rows", rows)
        con.execute("insert into given by name select * from rows")
        con.unregister("rows")
    con.execute(
        "create or replace temp table raw_records as select *, 'crm' as source_system, record_id as "
        "source_customer_id, 'crm_customers' as contract, timestamp '2025-01-01' as updated_at, "
        "timestamp '2025-01-01' as first_seen_at, timestamp '2025-01-01' as last_seen_at, true as is_master, "
        "case when is_deleted then timestamp '2025-02-01' end as deleted_at, record_id as reference_record_id, "
        "cast(1 as BIGINT) as record_hash, cast(null as VARCHAR) as gender, cast(1 as BIGINT) as row_count, "
        "cast(null as VARCHAR) as customer_kind from given"
    )
    create_records(con, country="BR", as_of=AS_OF)
    con.execute(
        "create or replace temp table decided_pairs (record_id_left VARCHAR, record_id_right VARCHAR, decision VARCHAR)"
    )
    for one in universes:
        for pair, said in one.decisions.items():
            con.execute("insert into decided_pairs values (?, ?, ?)", [*pair, said])


def epoch(con: duckdb.DuckDBPyConnection) -> None:
    """Make nearly every full name with two words rare, so that the rule takes part."""
    con.execute("create or replace temp table model_epoch as select cast(4 as BIGINT) as record_count")
    con.execute(
        "create or replace temp table name_tokens as select * from (values ('', 11.0), ('silva', 3.0)) t (token, bits)"
    )
    con.execute(
        "create or replace temp table term_frequencies as "
        "select * from (values ('city', 'recife', 0.7), ('given_key', 'ana', 0.3)) t (column_name, value, frequency)"
    )


def opened(threads: int = 1) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(config={"threads": str(threads)})
    con.execute("attach ':memory:' as state")
    con.execute("use state")
    con.execute("set preserve_insertion_order = false")
    return con


def full(universes: list[Universe], threads: int = 1, model: ModelEpoch = UNSCORED) -> duckdb.DuckDBPyConnection:
    con = opened(threads)
    load(con, universes)
    link_records(con, CONFIG, country="BR", epoch=epoch)
    create_scored_edges(con, model, CONFIG)
    cluster_records(con, CONFIG, scored=True)
    keep_tables(con)
    return con


def change(con: duckdb.DuckDBPyConnection, universes: list[Universe], model: ModelEpoch = UNSCORED) -> None:
    """Let every universe take a step, and bring the state up to date."""
    changed, gone, about = (set().union(*parts) for parts in zip(*(one.step() for one in universes), strict=True))
    load(con, universes, changed)
    con.execute("create or replace temp table changed_records as select * from temp.records")
    con.execute("drop table temp.records")
    for table, ids in (("gone_records", gone), ("redecided", about)):
        con.execute(
            f"create or replace temp table {table} as select {RID} as rid from (select unnest(?) as record_id)",
            [sorted(ids)],
        )
    con.execute("begin")
    link_changes(con, CONFIG, country="BR", epoch=model)
    con.execute("commit")


def content(con: duckdb.DuckDBPyConnection) -> dict[str, list]:
    found = {}
    for table in TABLES:
        columns = sorted(row[0] for row in con.execute(f"describe state.{table}").fetchall())
        found[table] = con.execute(f"select {', '.join(columns)} from state.{table} order by all").fetchall()
    return found


def history(seed: int, count: int = 1, model: ModelEpoch = UNSCORED) -> None:
    """Let `count` universes live side by side through random steps, each compared with a full run."""
    rng = random.Random(seed)
    universes = [Universe(rng, seed % 7000 + place if count > 1 else 0) for place in range(count)]
    for one in universes:
        for _ in range(rng.randint(3, 40)):
            one.add()
    con = full(universes, model=model)
    epoch(con)
    for step in range(STEPS):
        change(con, universes, model)
        other = full(universes, 1 + step % 2, model)
        expected, found = content(other), content(con)
        other.close()
        for table in TABLES:
            if found[table] != expected[table]:
                known, seen = set(expected[table]), set(found[table])
                missing, extra = sorted(known - seen, key=str)[:3], sorted(seen - known, key=str)[:3]
                pytest.fail(f"seed {seed}, step {step}, {table}: missing {missing}, extra {extra}")
    con.close()


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_incremental_equals_full_in_every_table(seed):
    history(seed)


@pytest.mark.parametrize("seed", range(100, 100 + HISTORIES))
def test_incremental_equals_full_where_a_model_weighs_pairs(seed):
    history(seed, model=SCORED)


def test_model_of_the_histories_joins_and_parts_people():
    universes = [Universe(random.Random(5))]
    for _ in range(60):
        universes[0].add()
    with full(universes) as ruled, full(universes, model=SCORED) as scored:
        said = "select count(*) filter (match_weight > 0), count(*) filter (match_weight < 0) from state.scored_edges"
        joined, parted = scored.execute(said).fetchall()[0]
        assert joined > 10 and parted > 10
        clusters = "select profile, cluster from state.profile_clusters order by profile"
        assert ruled.execute(clusters).fetchall() != scored.execute(clusters).fetchall()


@pytest.mark.slow
@pytest.mark.parametrize("model", [UNSCORED, SCORED], ids=["rules", "scored"])
@pytest.mark.parametrize("seed", range(1000, 2000, 100))
def test_incremental_equals_full_over_a_thousand_histories(seed, model):
    history(seed, 100, model)
