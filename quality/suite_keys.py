"""When is an earlier answer still valid? When neither the contract nor the code that checks it has changed."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import data_contracts

if TYPE_CHECKING:
    from data_contracts.loader import Contract


def suite_key(contract: Contract) -> str:
    """Return a hash of a contract with its resolved vocabulary and of the code that turns it into checks."""
    portable = replace(contract, file=Path(contract.file.name))
    return hashlib.sha256(f"{portable!r}\x1f{_code_key()}".encode()).hexdigest()[:32]


@cache
def _code_key() -> str:
    rooms = (Path(data_contracts.__file__).parent, Path(__file__).parent)
    files = [rooms[0] / "suites.py", rooms[0] / "quality_rules.py", rooms[1] / "gx_duckdb.py"]
    return hashlib.sha256(b"\x1f".join(file.read_bytes() for file in files)).hexdigest()
