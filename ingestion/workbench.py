"""What one landing works with."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.lake import Lake
from workspace.sql import connect

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from workspace.runs import Run
    from workspace.workspace import Workspace


@dataclass(frozen=True)
class Workbench:
    """A connection and a scratch folder, both gone when the batch is done."""

    con: DuckDBPyConnection
    ws: Workspace
    run: Run
    folder: Path


@contextmanager
def workbench(ws: Workspace, run: Run, name: str) -> Iterator[Workbench]:
    """Open a workbench; `name` begins with the contract, so that what a crash leaves is found by its recovery."""
    folder = Lake(ws).scratch(name)
    try:
        with connect(ws) as con:
            yield Workbench(con, ws, run, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
