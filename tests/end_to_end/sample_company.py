"""Carry out runs of a sample company and look at what they left."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import yaml

from workspace.workspace import Workspace


def run(folder: Path, *, as_of: datetime | None = None, activate: bool = True) -> str:
    """Carry out one run and return its status."""
    from orchestration.pipeline import Pipeline, carry_out
    from workspace.locking import run_lock
    from workspace.runs import begin_run

    workspace = Workspace.open(folder)
    with run_lock(workspace):
        return carry_out(Pipeline(workspace, begin_run(workspace, as_of)), activate=activate)


def mart_contents(folder: Path) -> dict[str, str]:
    """Return the content hash of every published mart."""
    from quality.publications import current_publication

    publication = current_publication(Workspace.open(folder))
    assert publication is not None
    return publication.content_hashes


def published(folder: Path, query: str) -> list[tuple]:
    """Return the rows of a query over the published view."""
    from workspace.sql import connect

    with connect(database=Workspace.open(folder).published_file, read_only=True) as con:
        return con.execute(query).fetchall()


def operations_of(folder: Path, query: str) -> list[tuple]:
    """Return the rows of a query over the operations store."""
    from workspace.operations import operations

    with operations(Workspace.open(folder)) as con:
        return con.execute(query).fetchall()


def unavista(folder: Path, *arguments: str) -> list[str]:
    """Return the command line of one call of the program in a process of its own."""
    return [sys.executable, "-c", "from orchestration.cli import main; main()", "-w", str(folder), *arguments]


def exported(folder: Path) -> dict[str, bytes]:
    """Return every file below exports/ by relative path."""
    root = folder / "exports"
    return {str(file.relative_to(root)): file.read_bytes() for file in sorted(root.rglob("*")) if file.is_file()}


def change_setting(folder: Path, line: str) -> None:
    """Add or replace one top-level line of workspace.yml."""
    file = folder / "workspace.yml"
    key = line.partition(":")[0]
    kept = [old for old in file.read_text(encoding="utf-8").splitlines() if not old.startswith(f"{key}:")]
    file.write_text("\n".join([*kept, line]) + "\n", encoding="utf-8")


def text_files(folder: Path) -> list[Path]:
    """Return the plain text deliveries of a company."""
    return sorted(file for file in (folder / "landing").rglob("*") if file.suffix in (".csv", ".jsonl"))


def rewrite(file: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    """Change the data lines of a delivery; the header of a CSV file stays first."""
    lines = file.read_bytes().splitlines(keepends=True)
    header = 1 if file.suffix == ".csv" else 0
    ended = [line if line.endswith(b"\n") else line + b"\n" for line in lines]
    file.write_bytes(b"".join(ended[:header] + change(ended[header:])))


def shuffle_rows(folder: Path, seed: int) -> None:
    """Put the rows of every text delivery in another order."""
    order = random.Random(seed)
    for file in text_files(folder):
        rewrite(file, lambda rows: order.sample(rows, len(rows)))


def deliveries(folder: Path) -> list[tuple[str, list[Path]]]:
    """Return each feed that takes any number of files: its pattern, and the files that match it."""
    found = []
    for feed in sorted((folder / "feeds").glob("*.yml")):
        pattern = yaml.safe_load(feed.read_text(encoding="utf-8"))["source"]["path"]
        if isinstance(pattern, str) and "*" in pattern:
            found.append((pattern, sorted(folder.glob(pattern))))
    return found


def reverse_file_order(folder: Path) -> None:
    """Rename the deliveries of every feed so that they are met the other way round."""
    for pattern, files in deliveries(folder):
        for position, file in enumerate(reversed(files)):
            file.rename(folder / pattern.replace("*", f"shuffled_{position:03}"))


def split_files(folder: Path, pieces: int) -> list[list[tuple[Path, bytes]]]:
    """Take every text delivery away and return it cut into pieces, to be delivered one after the other."""
    rounds: list[list[tuple[Path, bytes]]] = [[] for _ in range(pieces)]
    for pattern, files in deliveries(folder):
        for position, file in enumerate(files):
            if file.suffix == ".gz":
                continue
            lines = file.read_bytes().splitlines(keepends=True)
            header = lines[:1] if file.suffix == ".csv" else []
            rows = lines[len(header) :]
            for number in range(pieces):
                if piece := rows[number::pieces]:
                    name = folder / pattern.replace("*", f"piece_{position:03}_{number}")
                    rounds[number].append((name, b"".join([*header, *piece])))
            file.unlink()
    return rounds
