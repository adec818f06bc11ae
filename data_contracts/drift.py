"""Say in words where a contract and what was made from it no longer agree.

Pure functions for tests and checks: each returns a list of differences, empty when there are none.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from data_contracts.loader import Contract
from data_contracts.physical_types import physical_type
from data_contracts.schemas import duckdb_columns


def column_differences(
    promised: Mapping[str, str], found: Mapping[str, str], *, promised_by: str, found_in: str, ordered: bool = True
) -> list[str]:
    """Compare two column lists (name -> type) in both directions."""
    differences = [
        f"{promised_by} promises the column {name} ({kind}), which {found_in} does not have"
        for name, kind in promised.items()
        if name not in found
    ]
    differences += [
        f"{found_in} has the column {name} ({kind}), which {promised_by} does not promise"
        for name, kind in found.items()
        if name not in promised
    ]
    for name in promised.keys() & found.keys():
        wanted, got = (physical_type({"physicalType": side[name]}) for side in (promised, found))
        if wanted != got:
            differences.append(f"{name} is {wanted} in {promised_by} and {got} in {found_in}")
    if ordered and not differences and list(promised) != list(found):
        name = next(a for a, b in zip(promised, found, strict=True) if a != b)
        differences.append(f"the columns stand in another order in {found_in} than in {promised_by}, from {name} on")
    return sorted(differences)


def table_differences(contract: Contract, found: Mapping[str, str], *, lineage: bool = False) -> list[str]:
    """Compare a contract with the columns of a built table or a Parquet file (DuckDB types)."""
    promised = duckdb_columns(contract, lineage=lineage)
    return column_differences(promised, found, promised_by=_label(contract), found_in=f"the table {contract.name}")


def model_differences(contract: Contract, model: Mapping[str, Any]) -> list[str]:
    """Compare a product's contract with the dbt YAML of its model: columns, types, descriptions, PII tags, contract."""
    label, found_in = _label(contract), f"the dbt model {model.get('name')}"
    nodes = {node["name"]: node for node in model.get("columns") or []}
    found = {name: str(node.get("data_type", "untyped")) for name, node in nodes.items()}
    differences = column_differences(
        duckdb_columns(contract), found, promised_by=label, found_in=found_in, ordered=False
    )
    for column in contract.columns:
        node = nodes.get(column.name)
        if node is None:
            continue
        if not str(node.get("description", "")).strip():
            differences.append(f"{column.name} has no description in {found_in}")
        tags = {*(node.get("tags") or []), *((node.get("config") or {}).get("tags") or [])}
        if column.is_pii != ("pii" in tags):
            is_marked, is_not = (label, found_in) if column.is_pii else (found_in, label)
            differences.append(f"{column.name} is tagged pii in {is_marked} and not in {is_not}")
    enforced = ((model.get("config") or {}).get("contract") or {}).get("enforced")
    if enforced is False:
        differences.append(f"{found_in} turns its contract off")
    return sorted(differences)


def name_differences(contracts: set[str], built: set[str], *, built_in: str) -> list[str]:
    """Compare the names of the contracts with the names of what exists."""
    missing = [f"{name} has a contract but does not exist in {built_in}" for name in contracts - built]
    return sorted(missing + [f"{name} exists in {built_in} but has no contract" for name in built - contracts])


def text_differences(expected: str, found: str, *, name: str, command: str) -> list[str]:
    """Compare a generated text with the committed one; the first lines that differ, and how to regenerate."""
    if expected == found:
        return []
    lines = difflib.unified_diff(
        found.splitlines(), expected.splitlines(), f"{name} (committed)", f"{name} (from contracts)", "", "", 0, ""
    )
    shown = list(lines)[:20]
    return [f"{name} is not what the contracts say; run `{command}`\n" + "\n".join(shown)]


def _label(contract: Contract) -> str:
    return f"the contract {contract.kind}/{contract.name}"
