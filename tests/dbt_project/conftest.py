"""Small workspaces with a lake made by hand, and one build of them that many tests look at."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from data_contracts.lineage import LINEAGE_COLUMNS
from data_contracts.loader import load_contract, load_contracts
from data_contracts.schemas import duckdb_columns
from ingestion.row_keys import record_id, row_hash, row_key
from workspace.runs import Run
from workspace.workspace import Workspace

AS_OF = datetime(2026, 1, 31, 5, tzinfo=UTC)
SETTINGS = "name: Test shop\nthreads: 2\nmemory_limit: 1GB\nas_of: 2026-01-31T05:00:00Z\n"


@dataclass
class Shop:
    """A workspace, and what its tests do with it."""

    ws: Workspace
    run: Run

    @classmethod
    def open(cls, root: Path, settings: str = SETTINGS) -> Shop:
        root.mkdir(parents=True, exist_ok=True)
        (root / "workspace.yml").write_text(settings)
        ws = Workspace.open(root)
        for contract in load_contracts("feeds").values():
            fields = ", ".join(
                f"cast(null as {kind}) as {name}" for name, kind in duckdb_columns(contract, lineage=True).items()
            )
            folder = ws.lake / contract.name / "batch=empty"
            folder.mkdir(parents=True, exist_ok=True)
            duckdb.connect().execute(f"copy (select {fields} limit 0) to '{folder}/part-0.parquet'")
        return cls(ws, Run.at(AS_OF))

    def land(self, contract_name: str, rows: list[dict[str, Any]], batch: str = "b1") -> None:
        """Write rows of a contract as one batch of the lake, with the keys that ingestion gives."""
        contract = load_contract("feeds", contract_name)
        names = [column.name for column in contract.columns]
        con = duckdb.connect()
        con.execute(f"create table rows ({', '.join(f'{c.name} {c.physical_type}' for c in contract.columns)})")
        con.executemany(
            f"insert into rows values ({', '.join('?' * len(names))})",
            [[row.get(name) for name in names] for row in rows],
        )
        lineage = {
            "_record_id": record_id(contract, names),
            "_row_key": row_key(contract),
            "_row_hash": row_hash(contract, names),
            "_source_file": "'test'",
            "_source_row": "rowid + 1",
            "_batch_id": f"'{batch}'",
            "_run_id": "'run'",
            "_ingested_at": "timestamp '2026-01-01'",
            "_contract_version": "'1.0.0'",
        }
        extra = ", ".join(f"cast({lineage[name]} as {kind}) as {name}" for name, kind in LINEAGE_COLUMNS.items())
        folder = self.ws.lake / contract_name / f"batch={batch}"
        folder.mkdir(parents=True, exist_ok=True)
        con.execute(f"copy (select *, {extra} from rows) to '{folder}/part-0.parquet' (format parquet)")
        con.close()

    def resolve(self) -> None:
        from identity.resolving import resolve

        resolve(self.ws, self.run)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Return rows of the build file; opening it fails when the build left a connection behind."""
        con = duckdb.connect(str(self.ws.build_file), read_only=True)
        try:
            con.execute("set TimeZone = 'UTC'")
            return con.execute(sql).fetchall()
        finally:
            con.close()

    def tables(self, *schemas: str) -> list[str]:
        names = ", ".join(f"'{schema}'" for schema in schemas)
        rows = self.query(
            "select table_schema || '.' || table_name from information_schema.tables "
            f"where table_schema in ({names}) order by 1"
        )
        return [row[0] for row in rows]


def mart_hashes(shop: Shop) -> dict[str, str]:
    """Return a hash of the rows of every published table, in any order."""
    return {
        name: shop.query(f"select md5(coalesce(string_agg(row, chr(10) order by row), '')) from (select cast(t as varchar) as row from {name} t)")[0][0]
        for name in shop.tables("marts", "restricted")
    }  # fmt: skip


def furnish(shop: Shop, *, people: int = 60, seed: int = 5) -> None:
    """Land a small shop: customers, receipts with many ties, returns of every kind, an online order, a complaint."""
    luck = random.Random(seed)
    stamp = {"source_system": "crm", "updated_at": datetime(2025, 1, 1)}
    shop.land(
        "crm_customers",
        [
            stamp
            | {
                "source_customer_id": f"c{n}",
                "person_name": f"Pessoa{chr(97 + n % 26)}{chr(97 + n // 26)} Silva{chr(97 + n % 26)}{chr(97 + n // 26)}",
                "email": f"pessoa{n}@mail.example",
                "birth_date": datetime(1960 + n % 40, 1 + n % 12, 1 + n % 28).date(),
                "gender": ("female", "male", "unknown", None)[n % 4],
                "is_internal": n == 7,
                "registered_at": datetime(2024, 1, 1) + timedelta(days=n),
            }
            for n in range(people)
        ],
    )
    sales, lines = [], []
    for number in range(people * 6):
        who = luck.randrange(people)
        net = Decimal(luck.choice([10, 10, 10, 20, 50])) + Decimal(luck.choice(["0", "0.50"]))
        sales.append(
            {
                "source_system": "till",
                "source_sale_id": f"s{number}",
                "customer_ref_system": "crm",
                "customer_ref_id": None if number % 9 == 0 else f"c{who}",
                "store_id": luck.choice(["a", "b"]),
                "sold_at": datetime(2026, 1, 31, 4) - timedelta(days=luck.choice([1, 5, 30, 30, 90, 200, 380])),
                "net_amount": net,
                "currency_code": "BRL",
                "status": "cancelled" if number % 40 == 3 else None,
            }
        )
        lines.append(
            {
                "source_system": "till",
                "source_sale_id": f"s{number}",
                "line_number": 1,
                "product_id": luck.choice(["p", "q", "unlisted"]),
                "quantity": 1,
                "net_amount": net,
                "currency_code": "BRL",
            }
        )
    returned = {"source_system": "till", "store_id": "a", "sold_at": datetime(2026, 1, 20), "sale_type": "return"}
    sales += [
        returned
        | {
            "source_sale_id": "r1",
            "original_source_sale_id": "s1",
            "net_amount": Decimal("4.00"),
            "currency_code": "BRL",
        },
        returned
        | {
            "source_sale_id": "r2",
            "original_source_sale_id": "lost",
            "net_amount": Decimal("3.00"),
            "currency_code": "BRL",
        },
    ]
    lines.append(lines[0] | {"source_sale_id": "never_arrived", "net_amount": Decimal("9.99")})
    lines.append(lines[0] | {"source_sale_id": "r1", "net_amount": Decimal("4.00")})
    shop.land("pos_sales", sales)
    shop.land("pos_sale_lines", lines)
    shop.land(
        "stores",
        [{"source_system": "till", "store_id": "a", "store_name": "Centro", "store_kind": "own"}],
    )
    shop.land("products", [{"source_system": "erp", "product_id": "p", "product_name": "Café", "is_premium": True}])
    shop.land(
        "crm_service_contacts",
        [
            {
                "source_system": "crm",
                "source_contact_id": "k1",
                "customer_ref_system": "crm",
                "customer_ref_id": "c3",
                "channel": "whatsapp",
                "contact_type": "complaint",
                "protocol_number": "2026-1",
                "opened_at": datetime(2026, 1, 29),
            }
        ],
    )
    shop.land(
        "crm_consents",
        [
            {
                "source_system": "crm",
                "source_consent_id": f"k{n}",
                "customer_ref_system": "crm",
                "customer_ref_id": f"c{n}",
                "channel": "email",
                "purpose": "marketing",
                "status": "granted",
                "decided_at": datetime(2025, 6, 1),
            }
            for n in range(people)
        ],
    )
    segments = shop.ws.root / "segments"
    segments.mkdir(exist_ok=True)
    (segments / "reachable.yml").write_text(
        "segment: reachable\ndescription: May get an e-mail and bought.\nwhere: can_email and order_count > 0\n"
    )


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A furnished shop whose identities are resolved and whose models are built."""
    from dbt_project.building import build

    made = Shop.open(tmp_path_factory.mktemp("dbt") / "shop")
    furnish(made)
    made.resolve()
    result = build(made.ws, made.run)
    result.require_good()
    yield made


@pytest.fixture(scope="session")
def open_shop(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Shop]:
    """Return a function that opens an empty shop of its own: `open_shop(name, settings=...)`."""
    return lambda name, **options: Shop.open(tmp_path_factory.mktemp("dbt") / name, **options)


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The parsed project."""
    from dbt_project.building import read_manifest

    root = tmp_path_factory.mktemp("dbt") / "parsed"
    root.mkdir()
    (root / "workspace.yml").write_text(SETTINGS)
    return read_manifest(Workspace.open(root))
