"""The folders of publications: which are complete, which was seen by readers, and which is current.

A publication is a folder `warehouse/publications/<run_id>` (a second one of the same run is `<run_id>.2`, and so on).
Its manifest is written last and the folder renamed into place, so a folder under its own name is complete. The file
`.published` says that readers have seen it; a complete folder without it is what a crash left just before the swap.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workspace.atomic import replace_symlink, write_text_atomic
from workspace.runs import Run

if TYPE_CHECKING:
    from workspace.workspace import Workspace

DATABASE = "unavista.duckdb"
MANIFEST = "manifest.json"
REPORT = "report.html"
_SEEN = ".published"
_PART = ".part"


@dataclass(frozen=True)
class Publication:
    """One published view: a folder with the database, Parquet files, identity tables, manifest and report."""

    folder: Path
    manifest: dict[str, Any]

    @property
    def publication_id(self) -> str:
        """Return the name of the folder."""
        return self.folder.name

    @property
    def run(self) -> Run:
        """Return the run that was published."""
        return Run.from_id(self.manifest["run_id"])

    @property
    def run_id(self) -> str:
        """Return the identifier of the run that was published."""
        return str(self.manifest["run_id"])

    @property
    def as_of(self) -> datetime:
        """Return the instant that the publication looks from."""
        return datetime.fromisoformat(self.manifest["as_of"])

    @property
    def sequence(self) -> int:
        """Return the place of the publication in the order of publishing, from 1."""
        return int(self.manifest["sequence"])

    @property
    def database(self) -> Path:
        """Return the database file, to be opened read-only."""
        return self.folder / DATABASE

    @property
    def row_counts(self) -> dict[str, int]:
        """Return rows by `schema.table`."""
        return {name: int(table["rows"]) for name, table in self.manifest["tables"].items()}

    @property
    def content_hashes(self) -> dict[str, str]:
        """Return content hashes by `schema.table`; they are comparable under one version of DuckDB."""
        return {name: str(table["content_hash"]) for name, table in self.manifest["tables"].items()}


def current_publication(ws: Workspace) -> Publication | None:
    """Return the publication that readers see now, or None before the first."""
    folder = ws.current.resolve()
    return _read(folder) if ws.current.is_symlink() and folder.is_dir() else None


def published_moment(ws: Workspace) -> float:
    """Return when the published view was written, in seconds since 1970; 0 when there is none."""
    manifest = ws.current / MANIFEST
    return manifest.stat().st_mtime if manifest.is_file() else 0.0


def kept_publications(ws: Workspace) -> list[Publication]:
    """Return the publications that readers have seen and that are still kept, oldest first."""
    current = ws.current.resolve() if ws.current.is_symlink() else None
    found = [_read(folder) for folder in _folders(ws) if folder == current or (folder / _SEEN).exists()]
    return sorted((one for one in found if one), key=lambda one: one.sequence)


def make_current(ws: Workspace, folder: Path) -> None:
    """Swap what readers see, in one atomic step, and make sure that the stable names lead there."""
    replace_symlink(ws.current, folder)
    for name in (DATABASE, "marts"):
        link = ws.warehouse / name
        if not link.is_symlink():
            replace_symlink(link, ws.current / name)
    mark_seen(folder)


def mark_seen(folder: Path) -> None:
    """Remember that readers have seen a publication."""
    if not (folder / _SEEN).exists():
        write_text_atomic(folder / _SEEN, "")


def recover_publications(ws: Workspace) -> list[str]:
    """Remove what a crash left, half-written or never made current, and return its names."""
    if not ws.publications.is_dir():
        return []
    current = ws.current.resolve() if ws.current.is_symlink() else None
    if current is not None and current.is_dir():
        mark_seen(current)
    removed = []
    for entry in sorted(ws.publications.iterdir()):
        half = entry.name.endswith(_PART)
        if entry.is_dir() and (half or not (entry / _SEEN).exists()):
            shutil.rmtree(entry)
            removed.append(entry.name)
    for folder in _folders(ws):
        for left in folder.glob(f".*{_PART}"):
            left.unlink()
    return removed


def prune_publications(ws: Workspace, keep: int, *, after: Publication | None) -> list[str]:
    """Remove the oldest publications beyond `keep`, at least two, and those that a rollback had turned away from.

    `after` is what was current before the newest publication: whatever lies between the two had been rolled back.
    """
    kept = kept_publications(ws)
    newest = kept[-1]
    turned_away = [one for one in kept[:-1] if after is not None and one.sequence > after.sequence]
    stay = [one for one in kept if one not in turned_away][-max(keep, 2) :]
    removed = [one for one in kept if one not in stay and one is not newest]
    for one in removed:
        shutil.rmtree(one.folder)
    return [one.publication_id for one in removed]


def new_folder(ws: Workspace, run: Run) -> tuple[Path, Path]:
    """Return an empty folder to write in, and the name to rename it to."""
    taken = {folder.name for folder in _folders(ws)}
    name, number = run.run_id, 2
    while name in taken:
        name, number = f"{run.run_id}.{number}", number + 1
    part = ws.publications / f".{name}{_PART}"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    return part, ws.publications / name


def _folders(ws: Workspace) -> list[Path]:
    if not ws.publications.is_dir():
        return []
    return sorted(one.resolve() for one in ws.publications.iterdir() if one.is_dir() and not one.name.startswith("."))


def _read(folder: Path) -> Publication | None:
    try:
        return Publication(folder, json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
