"""The workspace: where everything of one user stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from workspace.errors import ConfigError
from workspace.settings import WorkspaceSettings
from workspace.yaml_files import load_model

_REMOTE = re.compile(r"^[a-z][a-z0-9+.\-]*://")


@dataclass(frozen=True)
class Workspace:
    """A folder with a user's configuration and data; nothing is written outside it."""

    root: Path
    settings: WorkspaceSettings

    @classmethod
    def open(cls, path: Path | str) -> Workspace:
        """Open an existing workspace.

        Raises:
            ConfigError: the folder has no workspace.yml, or it is not valid.
        """
        root = Path(path).expanduser().resolve()
        file = root / "workspace.yml"
        if not file.is_file():
            raise ConfigError(
                "not a workspace: workspace.yml is missing",
                file=root,
                hint="Run `unavista init PATH` to make one, or give --workspace",
            )
        return cls(root, load_model(file, WorkspaceSettings))

    @property
    def landing(self) -> Path:
        """Return the folder where source files arrive."""
        return self.root / "landing"

    @property
    def lake(self) -> Path:
        """Return the write-once Parquet lake."""
        return self.root / "lake"

    @property
    def warehouse(self) -> Path:
        """Return the folder of builds, publications and the operations store."""
        return self.root / "warehouse"

    @property
    def exports(self) -> Path:
        """Return the folder that file destinations write to."""
        return self.root / "exports"

    @property
    def build(self) -> Path:
        """Return the folder of the run in progress."""
        return self.warehouse / "build"

    @property
    def build_file(self) -> Path:
        """Return the database of the marts being built."""
        return self.build / "unavista.duckdb"

    @property
    def publications(self) -> Path:
        """Return the folder that holds one folder for each kept publication."""
        return self.warehouse / "publications"

    @property
    def current(self) -> Path:
        """Return the symlink to the publication that readers see; it may not exist yet."""
        return self.warehouse / "current"

    @property
    def published_file(self) -> Path:
        """Return the published database, through the stable name that analysts use."""
        return self.warehouse / "unavista.duckdb"

    @property
    def operations_file(self) -> Path:
        """Return the database of the operations store."""
        return self.warehouse / "ops.duckdb"

    @property
    def run_file(self) -> Path:
        """Return the journal of the run in progress."""
        return self.warehouse / "run.json"

    @property
    def identity_file(self) -> Path:
        """Return the file of rules that decide who is who; it may not exist."""
        return self.root / "identity.yml"

    @property
    def epochs(self) -> Path:
        """Return the folder of the epochs that are not published: the candidate, and the one adopted."""
        return self.root / "identity" / "epochs"

    @cached_property
    def feeds_folder(self) -> Path:
        """Return the folder of feed mappings."""
        return self.root / "feeds"

    def resolve_inside(self, path: Path | str) -> Path:
        """Return an absolute path inside the workspace; globs are allowed in the last parts.

        Raises:
            ConfigError: the path is absolute, climbs out with `..`, or leaves through a symlink.
        """
        text = str(path)
        if _REMOTE.match(text):
            raise ConfigError(f"not a local path: {text!r}", expected="a path inside the workspace")
        candidate = Path(text)
        if candidate.is_absolute() or ".." in candidate.parts or text.startswith("~"):
            raise ConfigError(f"path leaves the workspace: {text!r}", expected="a relative path without `..`")
        full = self.root / candidate
        fixed = full
        while any(mark in str(fixed) for mark in "*?[") and fixed != self.root:
            fixed = fixed.parent
        if not fixed.resolve().is_relative_to(self.root):
            raise ConfigError(f"path leaves the workspace through a link: {text!r}", expected="a path inside it")
        return full
