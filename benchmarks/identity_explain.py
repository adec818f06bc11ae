"""Time explanations and look-ups on the identity tables of many customers, beside bare look-ups in the same files.

Usage: python -m benchmarks.identity_explain [--customers 1000000] [--asked 200] [--folder FOLDER]

The tables are written by `identity.tables` from a seeded formula, as a publication has them: three or four records a
customer, an e-mail and a telephone that tie them, neighbours who share a telephone and are kept apart. Each question is
asked in one warm process, of another customer every time. The floor is one record read by its id from
`customer_crosswalk` by bare DuckDB; CPU time is told apart from wall time because machines are shared.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from identity.cluster_view import read_cluster
from identity.epochs import TABLES as EPOCH
from identity.explaining import explain
from identity.lookup import find_records
from identity.lookup_keys import create_lookup_keys
from identity.normalised_records import RID
from identity.published import published_folder
from identity.tables import ORDERS, RECORD_COLUMNS, write_tables
from workspace.sql import connect, quote_literal
from workspace.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable

    from duckdb import DuckDBPyConnection

QUEUED = (
    "review_id", "record_id_left", "record_id_right", "customer_id_left", "customer_id_right", "kind", "reasons",
    "rule_name",
)  # fmt: skip
"""Texts of a queued pair; the queue of the view is empty."""
_STEP = 7919
"""Customers between two questions, a prime, so that they fall all over the files."""


def main() -> None:
    """Make the view, ask, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--asked", type=int, default=200)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = arguments.folder or Path(scratch)
        ws = make_view(root, arguments.customers)
        measure(ws, arguments.customers, arguments.asked)


def make_view(root: Path, customers: int) -> Workspace:
    """Write a published view of so many customers below `root`, or take the one that is there."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "workspace.yml").write_text("name: Benchmark\nthreads: 2\nmemory_limit: 4GB\n")
    ws = Workspace.open(root)
    if (published_folder(ws) / "lookup_keys.parquet").is_file():
        return ws
    began = time.process_time()
    with connect(ws) as con:
        con.execute("set preserve_insertion_order = false")
        _create_tables(con, customers)
        folder = ws.publications / "benchmark" / "identity"
        folder.parent.mkdir(parents=True)
        write_tables(con, folder, records_in_order=False)
    ws.current.symlink_to(folder.parent)
    size = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
    print(f"written in {time.process_time() - began:.0f} CPU-s, {size:,.0f} MB")
    return ws


def person(number: int) -> dict[str, str]:
    """Return what a customer of the view is known by."""
    return {
        "email": f"ana{number}@mail.pt",
        "phone": f"+3519{10_000_000 + number // 2}",
        "customer": _customer_id(number),
    }


def _customer_id(number: int) -> str:
    import hashlib

    return "c" + hashlib.md5(f"customer{number}".encode(), usedforsecurity=False).hexdigest()[:23]


def measure(ws: Workspace, customers: int, asked: int) -> None:
    """Ask every kind of question and print how long answers took."""
    numbers = [(place * _STEP) % (customers - 1) for place in range(asked)]
    people = [(person(number), person(number + 1 - 2 * (number % 2))) for number in numbers]
    questions: dict[str, Callable[[int], object]] = {
        "find by e-mail": lambda place: find_records(ws, people[place][0]["email"]),
        "find by telephone": lambda place: find_records(ws, people[place][0]["phone"]),
        "find by customer id": lambda place: find_records(ws, people[place][0]["customer"]),
        "why-merged, one path": lambda place: explain(ws, people[place][0]["email"], f"crm:{numbers[place]}-1"),
        "why-not, no evidence": lambda place: explain(
            ws, people[place][0]["customer"], people[place - 1][0]["customer"]
        ),
        "why-not, shared telephone": lambda place: explain(ws, people[place][0]["email"], people[place][1]["email"]),
        "page of a customer": lambda place: read_cluster(ws, people[place][0]["customer"]),
    }
    _check(ws, people[1], numbers[1])
    print(f"{'':28s}{'p50 ms':>8s}{'p95 ms':>8s}{'CPU ms':>8s}")
    with connect(ws) as con:
        file = quote_literal(published_folder(ws) / "customer_crosswalk.parquet")
        sample = f"select record_id from {file} using sample reservoir({asked} rows) repeatable (1)"
        ids = [row[0] for row in con.execute(sample).fetchall()]
        floor = f"select record_id, customer_id from {file} where record_id = ?"
        _print("floor: one record by its id", lambda place: con.execute(floor, [ids[place]]).fetchall(), len(ids))
    for name, question in questions.items():
        _print(name, question, asked)


def _check(ws: Workspace, pair: tuple[dict[str, str], dict[str, str]], number: int) -> None:
    """Make sure that the questions have the answers they should have before their time is taken."""
    joined = explain(ws, pair[0]["email"], f"crm:{number}-1")
    assert joined.is_same_customer and joined.left == (pair[0]["customer"],), joined
    assert [step.rule_name for step in joined.steps] == ["same_phone_and_given_name"], joined
    apart = explain(ws, pair[0]["email"], pair[1]["email"])
    assert not apart.is_same_customer and "they share telephone, but birth dates differ" in apart.reasons, apart
    page = read_cluster(ws, pair[0]["customer"])
    assert page.record_count == 3 + number % 2 and [change.reason for change in page.history] == ["new"], page


def _print(name: str, question: Callable[[int], object], asked: int) -> None:
    for place in range(min(asked, 5)):
        question(place)
    walls, began = [], time.process_time()
    for place in range(asked):
        start = time.perf_counter()
        question(place)
        walls.append(1000 * (time.perf_counter() - start))
    cpu = 1000 * (time.process_time() - began) / asked
    walls.sort()
    print(f"{name:28s}{walls[asked // 2]:8.1f}{walls[int(asked * 0.95)]:8.1f}{cpu:8.1f}", flush=True)


def _create_tables(con: DuckDBPyConnection, customers: int) -> None:
    """Create every table that a run writes: record 0 has the e-mail, the others the telephone, one has both.

    Customers `2 k` and `2 k + 1` share their telephone and have other birth dates.
    """
    con.execute(
        f"""
        create temp table people as
        select
            {RID} as rid, *, if(place in (0, last), 'ana' || number || '@mail.pt', null) as email,
            if(place > 0, '+3519' || (10000000 + number // 2), null) as phone
        from (
            select
                md5('record' || n || '-' || j) as record_id, n as number, j as place, 2 + n % 2 as last,
                'c' || left(md5('customer' || n), 23) as customer_id
            from range({customers}) people (n), range(4) copies (j) where j <= 2 + n % 2
        )
        """
    )
    _create_records(con)
    con.execute(
        "create temp view customer_crosswalk as select rid, record_id, customer_id, 'email' as customer_id_source, "
        "cast(last + 1 as BIGINT) as cluster_record_count, true as is_identified from people"
    )
    con.execute(
        """
        create temp view customer_identifiers as
        select rid, record_id, kind as identifier_kind, value as identifier_value, sha256(value) as identifier_hash,
            true as is_valid, false as is_blocked, cast(null as VARCHAR) as block_reason
        from (select rid, record_id, 'email' as kind, email as value from people
            union all select rid, record_id, 'phone', phone from people) where value is not null
        """
    )
    pairs = " union all ".join(
        f"select '{kind}' as kind, '{rule}' as rule, {weight} as weight, a.{kind} as value, a.customer_id, "
        "least(a.rid, b.rid) as left_rid, greatest(a.rid, b.rid) as right_rid, least(a.record_id, b.record_id) as l, "
        f"greatest(a.record_id, b.record_id) as r from people a join people b on a.number = b.number "
        f"and a.{kind} = b.{kind} and a.place < b.place"
        for kind, rule, weight in (
            ("email", "same_email_and_given_name", 30),
            ("phone", "same_phone_and_given_name", 28),
        )
    )
    con.execute(
        f"""
        create temp view match_edges as
        select left_rid, right_rid, cast(0 as UTINYINT) as rule, hash(value) as block, l as record_id_left,
            r as record_id_right, p.rule as rule_name, cast(weight as DOUBLE) as weight, kind as identifier_kind,
            sha256(value) as identifier_hash, customer_id, true as is_within_customer
        from ({pairs}) p
        """
    )
    con.execute(
        "create temp view customer_id_history as select record_id, cast(1 as BIGINT) as change_number, "
        "cast(null as VARCHAR) as old_customer_id, customer_id as new_customer_id, 'run-1' as run_id, "
        "timestamp '2025-01-01' as changed_at, 'new' as reason, 'email' as evidence from people"
    )
    con.execute("create temp table refused_edges (record_id_left VARCHAR, record_id_right VARCHAR)")
    create_lookup_keys(con)
    _create_small_tables(con)


def _create_records(con: DuckDBPyConnection) -> None:
    known = {
        "record_id": "record_id",
        "source_system": "'crm'",
        "source_customer_id": "number || '-' || place",
        "contract": "'crm_customers'",
        "is_deleted": "false",
        "full_name": "'Ana ' || list_extract(['Lima', 'Prado', 'Reis', 'Melo', 'Dias', 'Paz', 'Luz'], number % 7 + 1)",
        "birth_date": "date '1950-01-01' + cast(7000 * (number % 2) + number % 300 as INTEGER)",
        "document_is_valid": "false",
        "document_is_company": "false",
        "country_code": "'PT'",
        "postal_code": "cast(1000 + number % 8000 as VARCHAR)",
        **dict.fromkeys(("email", "email_key"), "email"),
        **dict.fromkeys(("phone", "phone_key"), "phone"),
    }
    fields = ", ".join(f"{known.get(name, 'cast(null as VARCHAR)')} as {name}" for name in RECORD_COLUMNS)
    con.execute(f"create temp view customer_records as select rid, {fields} from people")


def _create_small_tables(con: DuckDBPyConnection) -> None:
    """Create the tables that are small or that no question reads."""
    con.execute(
        "create temp table customer_id_aliases as select md5('retired' || n) as retired_customer_id, customer_id "
        "from (select number as n, customer_id from people where place = 0 and number % 50 = 0)"
    )
    con.execute(
        "create temp table guard_decisions as select 'phone' as identifier_kind, sha256('guard' || n) as "
        "identifier_hash, 9 as record_count, 'blocked' as decision, 'names' as reason from range(20000) r (n)"
    )
    con.execute(
        "create temp table erasure_tombstones as select sha256('e' || n) as record_hash, 'record' as identifier_kind, "
        "sha256('e' || n) as identifier_hash, timestamp '2025-01-01' as erased_at from range(20000) r (n)"
    )
    text = ", ".join(f"{name} VARCHAR" for name in QUEUED)
    con.execute(f"create temp table review_queue ({text}, score DOUBLE, records_at_stake BIGINT, priority DOUBLE)")
    con.execute(f"create temp table model_epoch ({', '.join(f'{n} {t}' for n, t in EPOCH['model_epoch'].items())})")
    con.execute("insert into model_epoch values ('benchmark', 1, '', '', null, null, null)")
    listed = "select table_name from duckdb_tables() union select view_name from duckdb_views()"
    there = {row[0] for row in con.execute(listed).fetchall()}
    for table in sorted(set(ORDERS) - there):
        names = [part.split()[0] for part in ORDERS[table].split(", ")]
        con.execute(f"create temp table {table} ({', '.join(f'{name} VARCHAR' for name in names)})")


if __name__ == "__main__":
    main()
