"""Pages for a terminal: a person, an explanation, an audience."""

from __future__ import annotations

from typing import Any

from orchestration.commands.shell import cell, plain, say


def show_profile(found: Any) -> None:
    """Print a person's page."""
    _outline(plain(found))


def show_explanation(found: Any) -> None:
    """Print why two records are one customer, or not."""
    _outline(plain(found))


def show_preview(found: Any) -> None:
    """Print the size of an audience."""
    _outline(plain(found))


def _outline(value: Any, depth: int = 0) -> None:
    for name, item in value.items():
        if isinstance(item, dict):
            say("  " * depth + f"{name}:")
            _outline(item, depth + 1)
        elif isinstance(item, list):
            say("  " * depth + f"{name}:")
            for one in item:
                say("  " * depth + f"  - {cell(one)}")
        else:
            say("  " * depth + f"{name}: {cell(item)}")
