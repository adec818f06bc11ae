"""Turn what dbt says about a node into one sentence for the person who has to act on it, without any row's values."""

from __future__ import annotations

import re
from typing import Any

# DuckDB quotes the value it could not convert, or the key that stands twice; both may be personal data.
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*: [^\"]*\"")
_SHOWN = 400


def explain(node: Any, status: str, failures: int, message: str, *, broken: str = "") -> str:
    """Return the sentence for one node's result; empty when nothing is wrong.

    `broken` says which rules of a test were broken, where that is known.
    """
    if status in ("success", "pass"):
        return ""
    if status == "skipped":
        return f"{node.resource_type} {node.name} was skipped, because something it needs failed"
    where = getattr(node, "original_file_path", "")
    if node.resource_type == "model":
        return f"model {node.name} could not be built: {_without_values(message)}. See dbt_project/{where}"
    if status == "error":
        return f"test {node.name} could not run: {_without_values(message)}. See dbt_project/{where}"
    rows = f"{failures} row{'' if failures == 1 else 's'}"
    return f"test {node.name}{_about(node)} found {rows}; {broken or _advice(node)}"


def _about(node: Any) -> str:
    attached = getattr(node, "attached_node", None)
    return f" on {attached.rsplit('.', 1)[-1]}" if attached else ""


def _advice(node: Any) -> str:
    kind = getattr(getattr(node, "test_metadata", None), "name", "")
    columns = ", ".join(_columns(node))
    if kind in ("unique_combination", "unique"):
        return f"{columns or 'the key'} must be unique and filled"
    if kind == "complete_rows":
        return f"{columns} must be filled, and the key unique"
    if kind == "known_references":
        return f"every {columns} must exist in the table it refers to"
    rule = " ".join((getattr(node, "description", "") or "").split()) or _opening_comment(node)
    return f"{rule} See dbt_project/{node.original_file_path}".strip()


def _opening_comment(node: Any) -> str:
    """Return the sentences that a singular test opens with: they say what must hold."""
    lines = []
    for line in (getattr(node, "raw_code", "") or "").splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").strip())
    return " ".join(lines)


def _columns(node: Any) -> list[str]:
    arguments = getattr(getattr(node, "test_metadata", None), "kwargs", {}) or {}
    if "references" in arguments:
        return [reference["column"] for reference in arguments["references"]]
    if "key" in arguments:
        return [*arguments["key"], *arguments.get("required", ())]
    return list(arguments.get("columns") or ([node.column_name] if getattr(node, "column_name", None) else []))


def _without_values(message: str) -> str:
    text = " ".join(message.split())
    if re.search(r"Conversion Error|Constraint Error|Invalid Input Error|Out of Range Error", text):
        text = _QUOTED.sub("'…'", text.partition("LINE ")[0])
    return text[:_SHOWN]
