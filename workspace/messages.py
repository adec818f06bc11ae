"""Where a run leaves word of what it sent: activation writes there, and the landing of a later run reads it."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from workspace.runs import Run
    from workspace.workspace import Workspace

FOLDER = "activation"


def messages_file(ws: Workspace, run_id: str, sync_id: str) -> Path:
    """Return the file in landing for the messages that a sync sent in a run."""
    return ws.landing / FOLDER / f"{sync_id}-{run_id}.jsonl"


def is_sent_by(run: Run, name: str) -> bool:
    """Tell whether a delivery, by its path in the workspace, is what the run itself sent.

    That is no input of this run: what it publishes must be the same whether or not it sent already when it is repeated.
    """
    path = PurePosixPath(name)
    return path.parent == PurePosixPath("landing", FOLDER) and path.stem.endswith(f"-{run.run_id}")
