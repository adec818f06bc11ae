"""The YAML of the published marts, written from their contracts: one file beside each model.

The contract is the one owner of what a mart promises. From it come the enforced dbt contract (names and types), the
descriptions, the PII tags, and the tests of key, required columns and references. Allowed values and ranges are
checked by the contract's suite in the audit, not twice.
"""

from __future__ import annotations

from typing import Any

from data_contracts.dbt_sources import pii_kind
from data_contracts.loader import Column, Contract, load_contracts
from data_contracts.physical_types import portable_type
from data_contracts.yaml_text import flow, scalar

_MARK = "# Generated from data_contracts/products by `python -m data_contracts.generate`; edit the contract instead."


def mart_files() -> dict[str, str]:
    """Return the YAML of every published mart: path under the models' marts folder -> text."""
    contracts = load_contracts("products")
    return {
        f"{contract.domain}/_{name}.yml": mart_yaml(contract, set(contracts)) for name, contract in contracts.items()
    }


def mart_yaml(contract: Contract, products: set[str]) -> str:
    """Return the YAML of one mart.

    Raises:
        ValueError: a column refers to a mart that has no contract.
    """
    meta = {"contract": f"products/{contract.name}", "contract_version": contract.version}
    grain = (contract.grain or "").rstrip(".")
    lines = [
        _MARK,
        "version: 2",
        "models:",
        f"  - name: {contract.name}",
        f"    description: {scalar(f'{grain}. {contract.description}')}",
        f"    config: {flow({'contract': {'enforced': True}, 'access': 'public', 'meta': meta})}",
        "    data_tests:",
        *(f"      - {flow(test)}" for test in _model_tests(contract, products)),
        "    columns:",
        *(f"      - {flow(_column(contract, column))}" for column in contract.columns),
    ]
    return "\n".join(lines) + "\n"


def _model_tests(contract: Contract, products: set[str]) -> list[dict[str, Any]]:
    rows: dict[str, Any] = {"key": list(contract.primary_key)}
    required = [column.name for column in contract.columns if column.required and not column.primary_key]
    if required:
        rows["required"] = required
    tests: list[dict[str, Any]] = [{"complete_rows": {"name": f"key_{contract.name}", "arguments": rows}}]
    references = [_reference(contract, column, products) for column in contract.columns if column.references]
    if references:
        arguments = {"references": references}
        tests.append({"known_references": {"name": f"references_{contract.name}", "arguments": arguments}})
    return tests


def _reference(contract: Contract, column: Column, products: set[str]) -> dict[str, str]:
    model, _, field = (column.references or "").partition(".")
    if model not in products:
        raise ValueError(f"products/{contract.name}: {column.name} refers to {model!r}, which has no contract")
    return {"column": column.name, "to": model, "field": field}


def _column(contract: Contract, column: Column) -> dict[str, Any]:
    meta: dict[str, Any] = {"classification": column.classification}
    config: dict[str, Any] = {"meta": meta}
    if column.is_pii:
        config = {"tags": ["pii"], "meta": meta | {"pii": pii_kind(column)}}
    node: dict[str, Any] = {
        "name": column.name,
        "data_type": portable_type(column.physical_type),
        "description": column.description,
        "config": config,
    }
    if column.unique:
        node["data_tests"] = [{"unique": {"name": f"unique_{contract.name}_{column.name}"}}]
    return node
