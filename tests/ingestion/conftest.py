"""A workspace in a temporary folder, and short ways to give it feeds and files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from ingestion.lake import Balance, Lake
from ingestion.landing import LandingResult, land_contract
from workspace.runs import Run
from workspace.sql import connect, quote_literal
from workspace.workspace import Workspace


@dataclass
class Shop:
    """A workspace under test."""

    root: Path
    run: Run

    @property
    def ws(self) -> Workspace:
        return Workspace.open(self.root)

    def settings(self, **settings: Any) -> None:
        base = {"name": "test shop", "country": "BR", "threads": 1, "memory_limit": "1GB"}
        (self.root / "workspace.yml").write_text(yaml.safe_dump(base | settings), encoding="utf-8")

    def feed(self, name: str = "tills", contract: str = "stores", **config: Any) -> None:
        source = {"type": "file", "path": f"landing/{name}*"} | config.pop("source", {})
        document = {"feed": name, "contract": contract, "source": source} | config
        (self.root / "feeds").mkdir(exist_ok=True)
        (self.root / "feeds" / f"{name}.yml").write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")

    def file(self, name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
        path = self.root / "landing" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    def land(self, contract: str = "stores") -> LandingResult:
        return land_contract(self.ws, self.run, contract)

    def balance(self, contract: str = "stores") -> Balance:
        balance = Lake(self.ws).balance(contract)
        assert balance.is_true, balance
        return balance

    def rows(self, columns: str, contract: str = "stores", order: str = "all") -> list[tuple[Any, ...]]:
        """Return lake rows, every version of them."""
        with connect() as con:
            return con.execute(
                f"select {columns} from read_parquet({quote_literal(Lake(self.ws).glob(contract))}, "
                f"union_by_name = true, hive_partitioning = false) order by {order}"
            ).fetchall()

    def newest(self, columns: str, contract: str = "stores", version: str = "updated_at") -> list[tuple[Any, ...]]:
        """Return the newest version of every key, as staging does."""
        with connect() as con:
            return con.execute(
                f"select {columns} from (select *, row_number() over (partition by _row_key order by {version} desc "
                f"nulls last, _row_hash desc) as place from read_parquet({quote_literal(Lake(self.ws).glob(contract))}, "
                "union_by_name = true, hive_partitioning = false)) where place = 1 order by all"
            ).fetchall()


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    one = Shop(tmp_path / "shop", Run.at(datetime(2026, 1, 31, 5, tzinfo=UTC)))
    one.root.mkdir()
    one.settings()
    return one
