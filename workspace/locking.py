"""One run at a time in a workspace."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from workspace.errors import WorkspaceLocked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workspace.workspace import Workspace


@contextmanager
def run_lock(workspace: Workspace, *, wait_seconds: float = 0) -> Iterator[None]:
    """Hold the workspace for a run; the operating system lets go of it when the process dies.

    Raises:
        WorkspaceLocked: another process still holds it after `wait_seconds`.
    """
    from filelock import FileLock, Timeout

    workspace.warehouse.mkdir(parents=True, exist_ok=True)
    holder = workspace.warehouse / ".run.holder.json"
    lock = FileLock(workspace.warehouse / ".run.lock")
    try:
        lock.acquire(timeout=wait_seconds)
    except Timeout:
        raise WorkspaceLocked(
            f"another run holds this workspace{_who(holder)}; wait for it, or start again with --wait SECONDS"
        ) from None
    try:
        holder.write_text(json.dumps({"pid": os.getpid()}), encoding="utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _who(holder: object) -> str:
    try:
        return f" (process {json.loads(holder.read_text(encoding='utf-8'))['pid']})"  # type: ignore[attr-defined]
    except (OSError, ValueError, KeyError):
        return ""
