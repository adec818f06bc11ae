"""A workspace in shadow: the same configuration and lake, with a warehouse of its own that nobody else reads."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from workspace.workspace import Workspace


@dataclass(frozen=True)
class ShadowWorkspace(Workspace):
    """What is built here reaches no publication, no destination, and no later run.

    Args:
        root: Folder of the workspace.
        settings: Its settings.
        rules: An identity.yml to take instead of the workspace's own.
    """

    rules: Path | None = field(default=None)

    @property
    def warehouse(self) -> Path:
        """Return the scratch folder."""
        return shadow_folder(self)

    @property
    def exports(self) -> Path:
        """Return a folder of the scratch."""
        return self.warehouse / "exports"

    @property
    def current(self) -> Path:
        """Return the symlink to the publication of the workspace, from which ids are carried on."""
        return self.root / "warehouse" / "current"

    @property
    def identity_file(self) -> Path:
        """Return the rules that are tried."""
        return self.rules or super().identity_file

    @property
    def epochs(self) -> Path:
        """Return the folder of epochs in the scratch: what is adopted here is adopted nowhere else."""
        return self.warehouse / "epochs"


def shadow_folder(ws: Workspace) -> Path:
    """Return where the scratch stands while a shadow is at work; it may not exist."""
    return ws.root / "warehouse" / "shadow"


@contextmanager
def in_shadow(ws: Workspace, *, rules: Path | None = None, epoch: Path | None = None) -> Iterator[ShadowWorkspace]:
    """Open an empty shadow of a workspace, and take it away when the block ends, however it ends.

    What a process that was killed left behind is removed by the next shadow; nothing else looks there.

    Args:
        ws: The workspace; the caller holds its lock.
        rules: An identity.yml to take instead of the workspace's own.
        epoch: Folder of the epoch in force instead of the workspace's own.
    """
    shadow = ShadowWorkspace(ws.root, ws.settings, rules)
    shutil.rmtree(shadow.warehouse, ignore_errors=True)
    shadow.warehouse.mkdir(parents=True)
    try:
        for file in (ws.operations_file, ws.operations_file.with_name(f"{ws.operations_file.name}.wal")):
            if file.exists():
                shutil.copyfile(file, shadow.warehouse / file.name)
        chosen = epoch or ws.epochs / "adopted"
        if chosen.is_dir():
            shutil.copytree(chosen, shadow.epochs / "adopted")
        yield shadow
    finally:
        shutil.rmtree(shadow.warehouse, ignore_errors=True)
