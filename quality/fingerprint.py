"""Everything that decides the marts, in one hash: equal fingerprints give equal marts, so there is nothing to build."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from workspace.atomic import write_text_atomic

if TYPE_CHECKING:
    from workspace.runs import Run
    from workspace.workspace import Workspace

_CODE_ROOMS = ("workspace", "data_contracts", "ingestion", "identity", "dbt_project", "quality")
_CODE_SUFFIXES = frozenset((".py", ".sql", ".yml", ".yaml", ".csv", ".json", ".j2", ".md"))
_NOT_CODE = frozenset(("target", "logs", "dbt_packages", "__pycache__"))
_LIBRARIES = ("duckdb", "polars", "dbt-core", "dbt-duckdb", "scipy", "splink", "phonenumbers", "python-stdnum")
_DATA_FOLDERS = frozenset(("landing", "lake", "warehouse", "exports"))
# These steer what is sent, not what is published.
_ACTIVATION = frozenset(("audiences", "policy.yml", "destinations.yml", "syncs.yml"))
_SALT = "UNAVISTA_HASH_SALT"


def input_fingerprint(ws: Workspace, run: Run) -> str:
    """Return the hash of the lake's manifests, the configuration, the code, the libraries, the salt and `as_of`."""
    digest = hashlib.sha256()
    for name, content in _parts(ws, run):
        digest.update(f"{name}\x1f{len(content)}\x1f".encode())
        digest.update(content)
    return digest.hexdigest()


def remember_fingerprint(ws: Workspace, run: Run) -> str:
    """Take the fingerprint before the build starts, so that a file edited meanwhile is not taken for built."""
    fingerprint = input_fingerprint(ws, run)
    write_text_atomic(_file(ws), json.dumps({"run_id": run.run_id, "fingerprint": fingerprint}))
    return fingerprint


def remembered_fingerprint(ws: Workspace, run: Run) -> str:
    """Return the fingerprint taken before this run's build, or today's when none was taken."""
    try:
        record = json.loads(_file(ws).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        record = {}
    if record.get("run_id") == run.run_id:
        return str(record["fingerprint"])
    return input_fingerprint(ws, run)


def _file(ws: Workspace) -> Path:
    return ws.build / "fingerprint.json"


def _parts(ws: Workspace, run: Run) -> Iterator[tuple[str, bytes]]:
    yield "as_of", run.as_of.isoformat().encode()
    yield "salt", hashlib.sha256(os.environ.get(_SALT, "").encode()).digest()
    for library in _LIBRARIES:
        yield library, _version(library).encode()
    house = Path(__file__).parent.parent
    for room in _CODE_ROOMS:
        for file in _files(house / room, _NOT_CODE):
            if file.suffix in _CODE_SUFFIXES:
                yield str(file.relative_to(house)), file.read_bytes()
    for file in _files(ws.root, _DATA_FOLDERS | _ACTIVATION):
        yield f"workspace/{file.relative_to(ws.root)}", file.read_bytes()
    for file in _files(ws.lake / "manifest", frozenset()):
        yield f"lake/{file.relative_to(ws.lake)}", file.read_bytes()


def _files(folder: Path, left_out: frozenset[str]) -> Iterator[Path]:
    """Yield the files below a folder in a stable order, without hidden ones and those named in `left_out`."""
    if not folder.is_dir():
        return
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith(".") or entry.name in left_out or entry.is_symlink():
            continue
        if entry.is_dir():
            yield from _files(entry, left_out)
        elif entry.is_file():
            yield entry


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "none"
