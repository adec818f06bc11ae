"""A tiny shop with a hand-made published view, so that activation is tested without building the marts."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from activation.sources import Sources
from quality.operations_tables import quality_operations
from quality.verdicts import write_verdict
from workspace.atomic import replace_symlink
from workspace.runs import Run
from workspace.sql import connect
from workspace.workspace import Workspace

TABLES = {
    "marts.customer_360": (
        "customer_id varchar, customer_kind varchar, city varchar, state_code varchar, segment_names varchar, "
        "net_revenue_amount decimal(18,2), order_count bigint, rfv_segment varchar, last_order_at timestamp"
    ),
    "restricted.customer_contacts": (
        "customer_id varchar, full_name varchar, given_name varchar, family_name varchar, email varchar, phone varchar, "
        "phone_is_mobile boolean, street varchar, postal_code varchar, country_code varchar"
    ),
    "marts.dim_customer_permissions": (
        "customer_id varchar, consent_channel varchar, purpose varchar, status varchar, legal_bases varchar, "
        "decided_at timestamp"
    ),
    "marts.dim_customer_suppressions": "customer_id varchar, consent_channel varchar, reason varchar, since_at timestamp",
    "marts.fct_interactions": (
        "interaction_id varchar, customer_id varchar, channel varchar, direction varchar, occurred_at timestamp, "
        "source_interaction_id varchar"
    ),
}
SOURCES = Sources(
    summary={
        "customer_id": None, "customer_kind": None, "city": "pii_quasi", "state_code": "pii_quasi", "segment_names": None,
        "net_revenue_amount": None, "order_count": None, "rfv_segment": None, "last_order_at": None,
    },
    contacts={
        "customer_id": None, "full_name": "pii_direct", "given_name": "pii_direct", "family_name": "pii_direct",
        "email": "pii_direct", "phone": "pii_direct", "phone_is_mobile": None, "street": "pii_direct",
        "postal_code": "pii_quasi", "country_code": "pii_quasi",
    },
)  # fmt: skip
CONSENT_CHANNELS = ("email", "phone", "sms", "push", "whatsapp", "social", "mail", "ads")
EARLY = datetime.fromisoformat("2025-01-01")
AUDIENCE = {
    "name": "buyers",
    "description": "Everyone who bought.",
    "where": "order_count > 0",
    "purpose": "marketing",
    "channel": "email",
}
SYNC = {
    "audience": "buyers",
    "destination": "files",
    "contract": "email_audience",
    "fields": {"customer_id": "customer_id", "email": "email", "given_name": "given_name", "city": "city"},
    "max_remove_percent": 100,
}


@dataclass
class Person:
    """One customer of the published view, reachable and consenting unless said otherwise."""

    customer_id: str
    email: str | None = None
    phone: str | None = None
    is_mobile: bool = True
    given_name: str = "Ana"
    city: str = "Recife"
    kind: str = "person"
    orders: int = 1
    revenue: str = "10.00"
    consents: list[tuple[str, str, str | None]] = field(default_factory=lambda: [("email", "marketing", "granted")])
    """What the decisions amount to: channel (or `all`), purpose, status."""
    suppressions: list[tuple[str, str]] = field(default_factory=list)
    legal_bases: str | None = "consent"

    def __post_init__(self) -> None:
        if self.email is None:
            self.email = f"{self.customer_id}@example.com"


@dataclass
class Shop:
    """A workspace whose configuration, published view and verdicts the test sets."""

    ws: Workspace
    day: int = 0

    def configure(
        self,
        *,
        audience: dict[str, Any] | None = None,
        sync: dict[str, Any] | None = None,
        destination: dict[str, Any] | None = None,
        policy: dict[str, Any] | None = None,
    ) -> None:
        audience = {**AUDIENCE, **(audience or {})}
        self.write(f"audiences/{audience['name']}.yml", audience)
        self.write("destinations.yml", {"destinations": {"files": destination or {"type": "file"}}})
        self.write("syncs.yml", {"syncs": {"buyers_to_files": {**SYNC, **(sync or {})}}})
        self.write("policy.yml", policy or {})

    def write(self, name: str, document: Any) -> None:
        path = self.ws.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), encoding="utf-8")

    def publish(
        self,
        people: list[Person],
        *,
        interactions: list[tuple[str, str, str, str, datetime, str | None]] = (),  # type: ignore[assignment]
        aliases: dict[str, str] | None = None,
    ) -> Run:
        """Publish a view under a new run with a recorded pass, and return the run."""
        self.day += 1
        run = Run.from_id(f"run-202601{self.day:02d}T050000Z")
        folder = self.ws.publications / run.run_id
        folder.mkdir(parents=True)
        _write_database(folder / "unavista.duckdb", people, list(interactions))
        _write_aliases(folder / "identity", aliases or {})
        manifest = {"run_id": run.run_id, "as_of": run.as_of.isoformat(), "sequence": self.day, "tables": {}}
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        replace_symlink(self.ws.current, folder)
        self.record_verdict(run, "pass")
        return run

    def record_verdict(self, run: Run, status: str, reasons: tuple[str, ...] = ()) -> None:
        with quality_operations(self.ws) as con:
            write_verdict(con, run, status, reasons, "content")  # type: ignore[arg-type]

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with connect(database=self.ws.operations_file, read_only=True) as con:
            con.execute("use ops")
            return con.execute(sql).fetchall()


def _write_database(file: Path, people: list[Person], interactions: list[Any]) -> None:
    rows = {
        "marts.customer_360": [
            (p.customer_id, p.kind, p.city, "PE", "loyal", p.revenue, p.orders, "champions", EARLY) for p in people
        ],
        "restricted.customer_contacts": [
            (
                p.customer_id,
                f"{p.given_name} Silva",
                p.given_name,
                "Silva",
                p.email,
                p.phone,
                p.is_mobile,
                "Rua A",
                "50000",
                "BR",
            )
            for p in people
        ],
        "marts.dim_customer_permissions": [
            (p.customer_id, channel, purpose, status, p.legal_bases, EARLY)
            for p in people
            for named, purpose, status in p.consents
            for channel in (CONSENT_CHANNELS if named == "all" else (named,))
        ],
        "marts.dim_customer_suppressions": [
            (p.customer_id, channel, reason, EARLY) for p in people for channel, reason in p.suppressions
        ],
        "marts.fct_interactions": interactions,
    }
    with connect(database=file) as con:
        con.execute("create schema marts")
        con.execute("create schema restricted")
        for table, columns in TABLES.items():
            con.execute(f"create table {table} ({columns})")
            if rows[table]:
                marks = ", ".join("?" * len(rows[table][0]))
                con.executemany(f"insert into {table} values ({marks})", rows[table])


def _write_aliases(folder: Path, aliases: dict[str, str]) -> None:
    folder.mkdir(parents=True)
    with connect() as con:
        con.execute("create table aliases (retired_customer_id varchar, customer_id varchar)")
        if aliases:
            con.executemany("insert into aliases values (?, ?)", list(aliases.items()))
        con.execute(f"copy aliases to '{folder / 'customer_id_aliases.parquet'}' (format parquet)")


def new_shop(root: Path) -> Shop:
    root.mkdir(parents=True)
    (root / "workspace.yml").write_text("name: tiny\nthreads: 1\nmemory_limit: 1GB\n", encoding="utf-8")
    shop = Shop(Workspace.open(root))
    shop.configure()
    return shop
