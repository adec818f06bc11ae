"""The configuration files that a new workspace starts from."""

from __future__ import annotations

from pathlib import Path

_TEMPLATES = Path(__file__).with_name("templates")


def scaffold_files() -> dict[str, str]:
    """Return the text of each file by its path in the workspace: audiences, destinations, syncs, policy and feed."""
    return {
        path.relative_to(_TEMPLATES).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(_TEMPLATES.rglob("*.yml"))
    }
