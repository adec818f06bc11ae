"""Incremental equals full, in every table, over random histories of a universe so small that everything collides."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import duckdb
import pytest
from stdnum.br import cpf

from identity.configuration import Guard, IdentityConfig, load_identity_config
from identity.delta import link_changes
from identity.evidence import BLOCK_COLUMNS
from identity.linking import cluster_records, link_records
from identity.normalised_records import RID, create_records
from identity.state import TABLES, keep_tables

AS_OF = datetime(2026, 1, 31)
HISTORIES = int(os.environ.get("UNAVISTA_HISTORIES", "10"))
STEPS = 4


def cpf_of(number: int) -> str:
    base = f"{number:09d}"
    return base + cpf._calc_check_digits(base)


def configuration() -> IdentityConfig:
    guards = {kind: Guard(max_names=2, max_documents=2, max_contacts=2) for kind in load_identity_config().guards}
    return load_identity_config().model_copy(update={"guards": guards, "max_cluster_profiles": 6})


CONFIG = configuration()


@dataclass
class Universe:
    """Records as the lake would give them, and the decisions of people."""

    rng: random.Random
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    decisions: dict[tuple[str, str], str] = field(default_factory=dict)
    count: int = 0

    def record(self) -> dict[str, Any]:
        rng = self.rng

        def maybe(value: Any, share: float) -> Any:
            return value if rng.random() < share else None

        given = rng.choice(["Ana", "Anna", "Jose", "Joao", "Rui", "Bia", None])
        family = rng.choice(["Silva", "Souza", "Lima Souza", "Lima Filho", "Weber"])
        number = cpf_of(100 + rng.randint(1, 5))
        if rng.random() < 0.2:
            place = rng.randint(0, 8)
            number = number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :]
        row = dict.fromkeys(BLOCK_COLUMNS) | {
            "person_name": f"{given} {family}" if given and rng.random() < 0.8 else given,
            "document_number": maybe(number, 0.35),
            "email": maybe(f"e{rng.randint(1, 6)}@uol.com.br", 0.4),
            "email_secondary": maybe(f"e{rng.randint(1, 6)}@uol.com.br", 0.1),
            "phone": maybe(rng.choice(["11", ""]) + f"98123400{rng.randint(1, 5)}", 0.4),
            "birth_date": maybe(date(1981, rng.randint(1, 2), rng.randint(1, 2)), 0.3),
            "postal_code": maybe(f"0131010{rng.randint(0, 2)}", 0.4),
            "street_number": str(rng.randint(1, 2)),
            "loyalty_card_id": maybe(f"L{rng.randint(10, 13)}", 0.15),
            "device_id": maybe(f"d{rng.randint(1, 4)}", 0.3),
        }
        if rng.random() < 0.15:
            row = dict.fromkeys(BLOCK_COLUMNS) | {"device_id": f"d{rng.randint(1, 4)}"}
        return row

    def add(self) -> str:
        import hashlib

        self.count += 1
        record_id = hashlib.md5(f"{self.rng.random()}{self.count}".encode(), usedforsecurity=False).hexdigest()
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

    def load(self, con: duckdb.DuckDBPyConnection, only: set[str] | None = None) -> None:
        """Create `records` of all rows, or of some, and `decided_pairs`."""
        chosen = [(key, row) for key, row in self.rows.items() if only is None or key in only]
        self.rng.shuffle(chosen)
        fields = ", ".join(f"{name} {kind}" for name, kind in BLOCK_COLUMNS.items())
        con.execute(f"create or replace temp table given (record_id VARCHAR, is_deleted BOOLEAN, {fields})")
        if chosen:
            con.executemany(
                f"insert into given values ({', '.join('?' * (len(BLOCK_COLUMNS) + 2))})",
                [[key, row["is_deleted"], *(row[name] for name in BLOCK_COLUMNS)] for key, row in chosen],
            )
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
            "create or replace temp table decided_pairs "
            "(record_id_left VARCHAR, record_id_right VARCHAR, decision VARCHAR)"
        )
        if self.decisions:
            con.executemany(
                "insert into decided_pairs values (?, ?, ?)", [[*pair, said] for pair, said in self.decisions.items()]
            )


def epoch(con: duckdb.DuckDBPyConnection) -> None:
    """Make nearly every full name with two words rare, so that the rule takes part."""
    con.execute("create or replace temp table model_epoch as select cast(4 as BIGINT) as record_count")
    con.execute(
        "create or replace temp table name_tokens as select * from (values ('', 11.0), ('silva', 3.0)) t (token, bits)"
    )


def opened(threads: int = 1) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(config={"threads": str(threads)})
    con.execute("attach ':memory:' as state")
    con.execute("use state")
    con.execute("set preserve_insertion_order = false")
    return con


def full(universe: Universe, threads: int = 1) -> duckdb.DuckDBPyConnection:
    con = opened(threads)
    universe.load(con)
    link_records(con, CONFIG, country="BR", epoch=epoch)
    cluster_records(con, CONFIG)
    keep_tables(con)
    return con


def change(
    con: duckdb.DuckDBPyConnection, universe: Universe, changed: set[str], gone: set[str], about: set[str]
) -> None:
    universe.load(con, changed)
    con.execute("create or replace temp table changed_records as select * from temp.records")
    con.execute("drop table temp.records")
    for table, ids in (("gone_records", gone), ("redecided", about)):
        con.execute(f"create or replace temp table {table} (rid BIGINT)")
        for one in sorted(ids):
            con.execute(f"insert into {table} select {RID} from (select ? as record_id)", [one])
    con.execute("begin")
    link_changes(con, CONFIG, country="BR")
    con.execute("commit")


def content(con: duckdb.DuckDBPyConnection) -> dict[str, list]:
    found = {}
    for table in TABLES:
        columns = sorted(row[0] for row in con.execute(f"describe state.{table}").fetchall())
        found[table] = con.execute(f"select {', '.join(columns)} from state.{table} order by all").fetchall()
    return found


def history(seed: int) -> None:
    universe = Universe(random.Random(seed))
    for _ in range(universe.rng.randint(3, 40)):
        universe.add()
    con = full(universe)
    epoch(con)
    for step in range(STEPS):
        changed, gone, about = universe.step()
        change(con, universe, changed, gone, about)
        other = full(universe, threads=1 + step % 2)
        expected, found = content(other), content(con)
        other.close()
        for table in TABLES:
            missing = [row for row in expected[table] if row not in found[table]][:3]
            extra = [row for row in found[table] if row not in expected[table]][:3]
            assert found[table] == expected[table], (seed, step, table, "missing", missing, "extra", extra)
    con.close()


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_incremental_equals_full_in_every_table(seed):
    history(seed)


@pytest.mark.slow
def test_incremental_equals_full_over_a_thousand_histories():
    for seed in range(HISTORIES, 1000):
        history(seed)
