"""Ask a failed test again which of its rules broke: dbt hands back how many rows it found and not what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workspace.sql import connect

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workspace.workspace import Workspace

# Their rows say what is wrong with which columns, and hold no value of any row.
_TELLING = ("complete_rows", "known_references")


def broken_rules(workspace: Workspace, nodes: Iterable[Any]) -> dict[str, str]:
    """Return what broke in each of the failed tests that can tell, by unique id: `net_amount is empty (3)`."""
    telling = [node for node in nodes if getattr(getattr(node, "test_metadata", None), "name", "") in _TELLING]
    if not telling:
        return {}
    with connect(workspace, database=workspace.build_file, read_only=True) as con:
        return {node.unique_id: _told(con, node.compiled_code) for node in telling}


def _told(con: Any, query: str) -> str:
    rows = con.execute(f"select about, fault, row_count from ({query}) order by all").fetchall()
    return ", ".join(f"{about} {fault} ({count:,})" for about, fault, count in rows)
