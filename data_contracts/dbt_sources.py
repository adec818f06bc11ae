"""The feeds of the lake as dbt sources, written as YAML text from the contracts.

Every feed is a table of the one source `lake`, in one file for each domain. The rules of a feed are checked at
landing by its suite, so the sources carry descriptions, types and PII tags but no tests.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from data_contracts.lineage import LINEAGE_COLUMNS, LINEAGE_DESCRIPTIONS
from data_contracts.loader import Column, Contract, load_contracts
from data_contracts.yaml_text import flow, scalar

SOURCE_NAME = "lake"
# Batches of an older contract version lack its newest columns: reading by name fills them with null. The folder name
# `batch=<id>` is not a column, because the rows carry `_batch_id`.
EXTERNAL_LOCATION = (
    """read_parquet('{{ var("lake_root") | replace("'", "''") }}/{name}/batch=*/*.parquet', """
    "union_by_name=true, hive_partitioning=false)"
)
_HEADER = "# Generated from data_contracts/feeds by `python -m data_contracts.generate`; edit the contracts instead.\n"
_FRESHNESS_PERIODS = {"h": "hour", "hour": "hour", "hours": "hour", "d": "day", "day": "day", "days": "day"}


def dbt_sources() -> dict[str, str]:
    """Return the source files of every feed: path under the models' staging folder -> YAML text."""
    domains: dict[str, list[Contract]] = {}
    for contract in load_contracts("feeds").values():
        domains.setdefault(contract.domain, []).append(contract)
    return {f"{domain}/_{domain}__sources.yml": source_file(feeds) for domain, feeds in sorted(domains.items())}


def source_file(feeds: Iterable[Contract]) -> str:
    """Return one dbt source file with a table for each feed."""
    lines = [
        _HEADER + "version: 2",
        "sources:",
        f"  - name: {SOURCE_NAME}",
        "    description: Rows of the feeds as they landed, in the types of their contracts, every version of a key.",
        "    config:",
        "      meta:",
        f"        external_location: {scalar(EXTERNAL_LOCATION)}",
        "    tables:",
    ]
    for contract in feeds:
        lines += _table(contract)
    return "\n".join(lines) + "\n"


def _table(contract: Contract) -> list[str]:
    meta = {
        "contract": f"{contract.kind}/{contract.name}",
        "contract_version": contract.version,
        "person_role": contract.person_role,
    }
    config: dict[str, Any] = {"tags": [contract.domain], "meta": meta}
    config |= _freshness(contract)
    return [
        f"      - name: {contract.name}",
        f"        description: {scalar(contract.description)}",
        f"        config: {flow(config)}",
        "        columns:",
        *(f"          - {flow(_column(column))}" for column in contract.columns),
        *(f"          - {flow(_lineage_column(name, kind))}" for name, kind in LINEAGE_COLUMNS.items()),
    ]


def _column(column: Column) -> dict[str, Any]:
    meta: dict[str, Any] = {"classification": column.classification}
    config: dict[str, Any] = {"meta": meta}
    if column.is_pii:
        config = {"tags": ["pii"], "meta": meta | {"pii": pii_kind(column)}}
    return {
        "name": column.name,
        "data_type": column.physical_type,
        "description": column.description,
        "config": config,
    }


def pii_kind(column: Column) -> str:
    """Return which kind of personal data a tagged column holds: direct or quasi."""
    return "direct" if "pii_direct" in column.tags else "quasi"


def _lineage_column(name: str, kind: str) -> dict[str, Any]:
    return {"name": name, "data_type": kind, "description": LINEAGE_DESCRIPTIONS[name]}


def _freshness(contract: Contract) -> dict[str, Any]:
    for level in contract.service_levels:
        period = _FRESHNESS_PERIODS.get(str(level.get("unit", "")))
        if level.get("property") == "latency" and period:
            limit = {"count": int(level["value"]), "period": period}
            return {"loaded_at_field": "_ingested_at", "freshness": {"warn_after": limit}}
    return {}
