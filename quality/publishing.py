"""Publish an audited build: write it aside, then swap one symlink. Readers see a whole publication, always.

Nothing that readers have open is ever written to: a publication is a new folder, and refreshing its operations tables
replaces the database file under the same name, so that an open reader keeps the one it has.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from quality.fingerprint import remember_fingerprint, remembered_fingerprint
from quality.gate import require_pass
from quality.operations_tables import clock, quality_operations, transaction
from quality.publication_files import copy_operations, write_publication
from quality.publications import (
    MANIFEST,
    REPORT,
    Publication,
    current_publication,
    kept_publications,
    make_current,
    mark_seen,
    new_folder,
    prune_publications,
    recover_publications,
)
from quality.report import report_file, write_report
from workspace.atomic import replace_file, write_text_atomic
from workspace.errors import UnavistaError
from workspace.sql import connect, quote_literal

if TYPE_CHECKING:
    from workspace.runs import Run
    from workspace.workspace import Workspace


def publish(ws: Workspace, run: Run) -> Publication:
    """Publish the audited build of a run; publishing the same content again changes nothing for readers.

    Raises:
        GateRefused: no pass and no signed hold is recorded for the run, or the build is not the one that was audited.
    """
    verdict = require_pass(ws, run.run_id)
    recover_publications(ws)
    current = current_publication(ws)
    if current and current.run_id == run.run_id and current.manifest["content_key"] == verdict.content_key:
        return _made_from(current, remembered_fingerprint(ws, run))
    kept = kept_publications(ws)
    sequence = max((one.sequence for one in kept), default=0) + 1
    part, target = new_folder(ws, run)
    manifest = write_publication(
        ws, run, verdict, part, sequence=sequence, fingerprint=remembered_fingerprint(ws, run), previous=current
    )
    write_report(ws, run)
    shutil.copyfile(report_file(ws, run), part / REPORT)
    _sync_tree(part)
    part.rename(target)
    _sync(ws.publications)
    make_current(ws, target)
    publication = Publication(target, manifest)
    _record(ws, publication, "publish")
    prune_publications(ws, ws.settings.gates.keep_publications, after=current)
    return publication


def _made_from(publication: Publication, fingerprint: str) -> Publication:
    """Remember that these inputs give this publication as well, or every later run would build it once more."""
    if publication.manifest["input_fingerprint"] == fingerprint:
        return publication
    manifest = {**publication.manifest, "input_fingerprint": fingerprint}
    write_text_atomic(publication.folder / MANIFEST, json.dumps(manifest, indent=1))
    return Publication(publication.folder, manifest)


def rollback(ws: Workspace) -> Publication:
    """Make the publication before the current one current again; the current one is kept until the next publication.

    Raises:
        UnavistaError: there is no earlier publication.
    """
    recover_publications(ws)
    current = current_publication(ws)
    if current is None:
        raise UnavistaError("nothing is published yet: there is nothing to go back from")
    earlier = [one for one in kept_publications(ws) if one.sequence < current.sequence]
    if not earlier:
        raise UnavistaError(f"{current.publication_id} is the oldest publication kept: there is none to go back to")
    make_current(ws, earlier[-1].folder)
    _record(ws, earlier[-1], "rollback")
    return earlier[-1]


def refresh_operations(ws: Workspace) -> None:
    """Bring the operations tables of the current publication up to date, in a new file under the same name.

    An open reader keeps the file it has; the next one that opens the database sees the new tables. Does nothing before
    the first publication.
    """
    current = current_publication(ws)
    if current is None:
        return
    mark_seen(current.folder)
    fresh = current.folder / f".{current.database.name}.part"
    fresh.unlink(missing_ok=True)
    shutil.copyfile(current.database, fresh)
    with connect(ws) as con:
        con.execute(f"attach {quote_literal(fresh)} as published")
        con.execute("drop schema if exists published.ops cascade")
        copy_operations(con, ws, "published")
        con.execute("checkpoint published")
        con.execute("detach published")
    _seal(fresh)
    replace_file(fresh, current.database)
    run = current.run
    write_report(ws, run)
    report = current.folder / f".{REPORT}.part"
    shutil.copyfile(report_file(ws, run), report)
    replace_file(report, current.folder / REPORT)


def is_unchanged(ws: Workspace, run: Run) -> bool:
    """Tell whether the current publication was made from exactly these inputs, so that building again is idle.

    Call it after landing and before the build: the fingerprint it takes is the one that the publication will carry.
    """
    fingerprint = remember_fingerprint(ws, run)
    current = current_publication(ws)
    if current is None or not current.database.exists():
        return False
    return current.manifest["input_fingerprint"] == fingerprint


def _record(ws: Workspace, publication: Publication, action: str) -> None:
    rows = sum(publication.row_counts.values())
    as_of = publication.run.as_of_naive
    with quality_operations(ws) as con, transaction(con):
        con.execute(
            "insert into publications values (?, ?, ?, ?, ?, ?, ?)",
            [publication.publication_id, publication.sequence, publication.run_id, as_of, action, rows, clock()],
        )


def _seal(file: Path) -> None:
    """Make a database file durable, and read-only for its users: one who writes would lock out everyone else."""
    file.chmod(0o444)
    _sync(file)


def _sync_tree(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
