"""A few rows of a table for the Dagster UI, without the columns that hold personal data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workspace.sql import connect, quote_identifier, quote_literal

if TYPE_CHECKING:
    from data_contracts.loader import Contract
    from orchestration.model_graph import ModelNode
    from workspace.workspace import Workspace

_ROWS = 5
_COLUMNS = 10


def batch_preview(workspace: Workspace, contract: Contract, batch_ids: Iterable[str]) -> list[dict[str, Any]]:
    """Return the first rows of the newest batch that landed rows."""
    from ingestion.lake import Lake

    columns = [column.name for column in contract.columns if not column.is_pii][:_COLUMNS]
    for batch_id in reversed(list(batch_ids)):
        files = sorted(Path(Lake(workspace).batch_folder(contract.name, batch_id)).glob("*.parquet"))
        if files and columns:
            with connect(workspace) as con:
                return _rows(con, columns, f"read_parquet({quote_literal(files[0])}, hive_partitioning = false)")
    return []


def built_tables(workspace: Workspace, nodes: Sequence[ModelNode]) -> dict[str, tuple[int, list[dict[str, Any]]]]:
    """Return row count and first rows of each built table by unique id; views and restricted tables are left out."""
    found: dict[str, tuple[int, list[dict[str, Any]]]] = {}
    with connect(workspace, database=workspace.build_file, read_only=True) as con:
        listed = con.execute("select schema_name, table_name, estimated_size from duckdb_tables()").fetchall()
        sizes = {(schema, name): int(size) for schema, name, size in listed}
        for node in nodes:
            if (node.schema, node.name) not in sizes or node.layer == "restricted":
                continue
            columns = [column["name"] for column in node.columns if "pii" not in column["tags"]][:_COLUMNS]
            table = f"{quote_identifier(node.schema)}.{quote_identifier(node.name)}"
            rows = _rows(con, columns, table) if columns and node.layer == "marts" else []
            found[node.unique_id] = (sizes[node.schema, node.name], rows)
    return found


def _rows(con: Any, columns: Sequence[str], source: str) -> list[dict[str, Any]]:
    fields = ", ".join(quote_identifier(name) for name in columns)
    rows = con.execute(f"select {fields} from {source} limit {_ROWS}").fetchall()
    return [dict(zip(columns, row, strict=True)) for row in rows]
