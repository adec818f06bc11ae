"""The staging models as SQL and YAML text, written from the contracts of the feeds.

A staging model is the newest version of each row of one feed, column by column as the contract has them, so writing
it by hand would only add a place where the two can disagree.
"""

from __future__ import annotations

from typing import Any

from data_contracts.dbt_sources import SOURCE_NAME, pii_kind
from data_contracts.lineage import LINEAGE_DESCRIPTIONS
from data_contracts.loader import Column, Contract, load_contracts
from data_contracts.physical_types import portable_type
from data_contracts.yaml_text import flow, scalar

# Lineage that stays visible in staging: name there -> lineage column of the lake.
STAGING_LINEAGE = {
    "record_id": "_record_id",
    "_batch_id": "_batch_id",
    "_source_file": "_source_file",
    "_source_row": "_source_row",
    "_ingested_at": "_ingested_at",
}
_MARK = "Generated from data_contracts/feeds by `python -m data_contracts.generate`; edit the contracts instead."


def staging_name(contract: Contract) -> str:
    """Return the name of a feed's staging model, `stg_<domain>__<entities>`."""
    return f"stg_{contract.domain}__{contract.name.removeprefix(contract.domain + '_')}"


def staging_files() -> dict[str, str]:
    """Return the SQL and YAML of every staging model: path under the models' staging folder -> text."""
    domains: dict[str, list[Contract]] = {}
    files: dict[str, str] = {}
    for contract in load_contracts("feeds").values():
        domains.setdefault(contract.domain, []).append(contract)
        files[f"{contract.domain}/{staging_name(contract)}.sql"] = staging_sql(contract)
    for domain, contracts in domains.items():
        files[f"{domain}/_{domain}__models.yml"] = staging_yaml(contracts)
    return dict(sorted(files.items()))


def staging_sql(contract: Contract) -> str:
    """Return the SQL of one staging model: the contract's columns of the newest version of each row."""
    version = f"'{contract.version_column}'" if contract.version_column else ""
    columns = [
        *contract.column_names,
        *(name if name == column else f"{column} as {name}" for name, column in STAGING_LINEAGE.items()),
    ]
    return "\n".join(
        [
            f"-- {_MARK}",
            "with versions as (",
            "",
            f"    select * from {{{{ source('{SOURCE_NAME}', '{contract.name}') }}}}",
            "",
            "),",
            "",
            f"{{{{ newest_versions({version}) }}}}",
            "",
            "select",
            ",\n".join(f"    {column}" for column in columns),
            "from newest",
            "",
        ]
    )


def staging_yaml(contracts: list[Contract]) -> str:
    """Return the YAML of the staging models of one domain: descriptions, types, PII tags and the key test."""
    lines = [f"# {_MARK}", "version: 2", "models:"]
    for contract in contracts:
        grain = f"One row per {', '.join(contract.primary_key)}, its newest version."
        test = {"arguments": {"columns": list(contract.primary_key)}}
        name = staging_name(contract)
        lines += [
            f"  - name: {name}",
            f"    description: {scalar(f'{contract.description} {grain}')}",
            "    data_tests:",
            f"      - unique_combination: {flow({'name': f'key_{name}'} | test)}",
            "    columns:",
            *(f"      - {flow(_column(column))}" for column in contract.columns),
            *(
                f"      - {flow({'name': target, 'description': LINEAGE_DESCRIPTIONS[column]})}"
                for target, column in STAGING_LINEAGE.items()
            ),
        ]
    return "\n".join(lines) + "\n"


def _column(column: Column) -> dict[str, Any]:
    node: dict[str, Any] = {
        "name": column.name,
        "data_type": portable_type(column.physical_type),
        "description": column.description,
    }
    if column.is_pii:
        node["config"] = {"tags": ["pii"], "meta": {"pii": pii_kind(column)}}
    return node
