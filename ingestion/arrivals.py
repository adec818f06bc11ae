"""Notice what arrived in the landing folder without opening a file."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workspace.messages import is_sent_by

if TYPE_CHECKING:
    from workspace.runs import Run
    from workspace.workspace import Workspace


@dataclass(frozen=True)
class LandingWatch:
    """The landing folder as it stands now, beside how it stood at the last look and at the last run.

    A file that is still being written changes the digest again: news count once two looks agree.
    """

    digest: str
    """Of names, sizes and modification times of every file below the landing folder."""
    last_seen: str | None
    last_run: str | None

    @classmethod
    def resume(cls, ws: Workspace, cursor: str | None) -> LandingWatch:
        """Look at the landing folder; `cursor` is what the last look left, or None."""
        try:
            state = json.loads(cursor) if cursor else {}
        except json.JSONDecodeError:
            state = {}
        return cls(_digest(ws), state.get("seen"), state.get("run"))

    @property
    def has_settled_news(self) -> bool:
        """Tell whether something changed since the last run and nothing since the last look."""
        return self.digest not in ("", self.last_run) and self.digest == self.last_seen

    @property
    def cursor(self) -> str:
        """Return what to keep when no run is started."""
        return json.dumps({"seen": self.digest, "run": self.last_run})

    @property
    def acknowledged(self) -> str:
        """Return what to keep when a run is started."""
        return json.dumps({"seen": self.digest, "run": self.digest})

    @property
    def reason(self) -> str:
        """Say why no run is due."""
        if not self.digest:
            return "the landing folder is empty"
        if self.digest == self.last_run:
            return "nothing new in the landing folder"
        return "the landing folder changed; waiting until it stops changing"


def arrived_since(ws: Workspace, run: Run | None, moment: float) -> bool:
    """Tell whether a file came to the landing folder after a moment (seconds since 1970), by its modification time.

    A hint for what to have ready; what is landed is decided by content. What `run` itself sent does not count.
    """
    for file in ws.landing.rglob("*"):
        own = run is not None and is_sent_by(run, file.relative_to(ws.root).as_posix())
        if file.is_file() and not file.name.startswith(".") and not own and file.stat().st_mtime > moment:
            return True
    return False


def _digest(ws: Workspace) -> str:
    digest, count = hashlib.sha256(), 0
    for file in sorted(ws.landing.rglob("*")):
        if file.name.startswith(".") or not file.is_file():
            continue
        stat = file.stat()
        digest.update(f"{file.relative_to(ws.landing)}\x1f{stat.st_size}\x1f{stat.st_mtime_ns}\x1e".encode())
        count += 1
    return digest.hexdigest() if count else ""
