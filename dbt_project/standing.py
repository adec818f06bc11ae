"""Which nodes of the last build still stand, so that the cost of a build follows what changed.

A node stands when its key is the one it was built with: the project's files, the libraries, the variables that it
reads, and the keys of what it selects from, down to the files of the lake and of identity. Keys are taken from what may
change a table, never from the table; a node whose key differs is built, and all below it has another key as well.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from dbt_project.invoking import project_fingerprint
from dbt_project.variables import parse_variables
from workspace.atomic import write_text_atomic

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from workspace.workspace import Workspace

_LIBRARIES = ("duckdb", "dbt-core", "dbt-duckdb")
_VARIABLE = re.compile(r"""\bvar\(\s*\\?['"](\w+)""")
_WORD = re.compile(r"\w+")
_DISPATCHED = re.compile(r"^(?:default|duckdb|spark)__")
_KINDS = ("model", "seed", "test")


def node_keys(workspace: Workspace, manifest: Any, variables: Mapping[str, Any]) -> dict[str, str]:
    """Return the key of every model, seed and test of a parsed project by unique id."""
    return _Keys(workspace, manifest, variables).of_nodes()


def standing_nodes(workspace: Workspace, keys: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return what is remembered of the nodes that stand, by unique id; none when the build file is another."""
    try:
        record = json.loads(_file(workspace).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    if not workspace.build_file.is_file() or record["build_file"] != _stamp(workspace.build_file):
        return {}
    nodes: dict[str, dict[str, Any]] = record["nodes"]
    return {name: node for name, node in nodes.items() if keys.get(name) == node["key"]}


def forget_nodes(workspace: Workspace) -> None:
    """Forget what stands, before the build file is written to: a build that dies leaves nothing to trust."""
    _file(workspace).unlink(missing_ok=True)


def remember_nodes(workspace: Workspace, nodes: Mapping[str, Mapping[str, Any]]) -> None:
    """Remember nodes with their keys, and the build file as it is now."""
    record = {"build_file": _stamp(workspace.build_file), "nodes": nodes}
    write_text_atomic(_file(workspace), json.dumps(record, sort_keys=True))


def _file(workspace: Workspace) -> Path:
    return workspace.build / "standing.json"


def _stamp(file: Path) -> list[int]:
    status = file.stat()
    return [status.st_ino, status.st_size, status.st_mtime_ns]


@dataclass
class _Keys:
    workspace: Workspace
    manifest: Any
    variables: Mapping[str, Any]

    def of_nodes(self) -> dict[str, str]:
        keys = {name: self._source_key(source) for name, source in self.manifest.sources.items()}
        pending = {name: node for name, node in self.manifest.nodes.items() if str(node.resource_type) in _KINDS}
        chosen = list(pending)
        while pending:
            ready = [name for name, node in pending.items() if not pending.keys() & set(_parents(node))]
            for name in ready:
                keys[name] = self._node_key(name, pending.pop(name), keys)
        return {name: keys[name] for name in chosen}

    def _node_key(self, name: str, node: Any, keys: Mapping[str, str]) -> str:
        read = sorted(self._variables_of(node))
        return _hash(
            [
                self._base,
                name,
                [[variable, self.variables.get(variable)] for variable in read],
                sorted([parent, keys[parent]] for parent in _parents(node)),
            ]
        )

    @cached_property
    def _base(self) -> str:
        project = project_fingerprint(parse_variables(self.workspace))
        return _hash([project, *(f"{library} {version(library)}" for library in _LIBRARIES)])

    def _source_key(self, source: Any) -> str:
        """Return the key of a source: batches of the lake are written once, identity's files by every run."""
        if source.source_name == "lake":
            folder = self.workspace.lake / source.name
            files = sorted(folder.glob("batch=*/*.parquet"))
            return _hash([[str(file.relative_to(folder)), *_stamp(file)[1:]] for file in files])
        file = self.workspace.build / source.source_name / f"{source.name}.parquet"
        return _content_hash(file) if file.is_file() else "missing"

    def _variables_of(self, node: Any) -> set[str]:
        """Return the variables that a node reads, itself or through any macro that it names or that those name."""
        text = f"{node.raw_code} {node.unrendered_config} {getattr(node, 'test_metadata', None)}"
        return _read_in(text).union(*(self._macro_variables[word] for word in self._macros_in(text)))

    def _macros_in(self, text: str) -> Iterable[str]:
        return self._macro_variables.keys() & set(_WORD.findall(text))

    @cached_property
    def _macro_variables(self) -> dict[str, set[str]]:
        """Return the variables read by each macro of the project; a dispatched one counts for its plain name too."""
        texts: dict[str, str] = {}
        for macro in self.manifest.macros.values():
            if macro.package_name == "unavista":
                plain = _DISPATCHED.sub("", macro.name)
                for name in {plain, macro.name, plain.removeprefix("test_")}:
                    texts[name] = f"{texts.get(name, '')} {macro.macro_sql}"
        read = {name: _read_in(text) for name, text in texts.items()}
        called = {name: texts.keys() & set(_WORD.findall(text)) for name, text in texts.items()}
        while True:
            wider = {name: read[name].union(*(read[other] for other in called[name])) for name in read}
            if wider == read:
                return read
            read = wider


def _parents(node: Any) -> list[str]:
    # Seeds depend on macros only.
    return [name for name in getattr(node.depends_on, "nodes", ()) if name.split(".", 1)[0] in (*_KINDS, "source")]


def _read_in(text: str) -> set[str]:
    return set(_VARIABLE.findall(text))


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def _content_hash(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "blake2b").hexdigest()
