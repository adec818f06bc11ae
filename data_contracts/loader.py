"""Read a contract (ODCS YAML) into a small frozen object that the other rooms use.

Nothing is loaded at import. A contract is read once for each vocabulary, so that the words a workspace adds are
allowed values there and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from data_contracts.odcs import read_odcs
from data_contracts.physical_types import physical_type
from data_contracts.vocabulary import Vocabulary, read_vocabulary, workspace_vocabulary_file
from workspace.errors import ConfigError

if TYPE_CHECKING:
    from workspace.workspace import Workspace

ContractKind = Literal["feeds", "products", "exports"]
CONTRACTS_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Column:
    """One column of a contract, with its vocabulary resolved to the allowed values."""

    name: str
    logical_type: str
    physical_type: str
    description: str
    required: bool = False
    primary_key: bool = False
    unique: bool = False
    enum: tuple[str, ...] | None = None
    vocabulary: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    classification: str = "internal"
    tags: tuple[str, ...] = ()
    quality: tuple[Mapping[str, Any], ...] = ()
    references: str | None = None
    """`table.column` that every value of this column must be found in."""

    @property
    def is_pii(self) -> bool:
        """Tell whether the column holds personal data."""
        return "pii" in self.tags


@dataclass(frozen=True)
class Contract:
    """One feed, published mart or export: its columns in order, and the options the rooms read."""

    name: str
    version: str
    kind: ContractKind
    domain: str
    description: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    file: Path
    version_column: str | None = None
    event_time_column: str | None = None
    person_role: Literal["master", "reference", "none"] = "none"
    max_reject_percent: float = 0.0
    grain: str | None = None
    options: tuple[tuple[str, Any], ...] = ()
    quality: tuple[Mapping[str, Any], ...] = ()
    service_levels: tuple[Mapping[str, Any], ...] = ()

    @property
    def column_names(self) -> tuple[str, ...]:
        """Return the names of the columns, in the order of the contract."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """Return one column.

        Raises:
            KeyError: the contract has no such column.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.kind}/{self.name} has no column {name!r}")

    def option(self, name: str, default: Any = None) -> Any:
        """Return a custom property of the contract by its name in the file."""
        return dict(self.options).get(name, default)


def load_contract(kind: ContractKind, name: str, workspace: Workspace | None = None) -> Contract:
    """Return the packaged contract `kind`/`name`, its allowed values taken from the workspace's vocabulary.

    Raises:
        ConfigError: there is no such contract.
        ConfigErrors: the contract is not valid; every problem with file, line and path.
    """
    file = workspace_vocabulary_file(workspace)
    return _load(kind, name, file, file.stat().st_mtime_ns if file else 0)


def load_contracts(kind: ContractKind, workspace: Workspace | None = None) -> dict[str, Contract]:
    """Return every packaged contract of a kind by name, in alphabetical order."""
    return {name: load_contract(kind, name, workspace) for name in contract_names(kind)}


def contract_names(kind: ContractKind) -> tuple[str, ...]:
    """Return the names of the packaged contracts of a kind, without reading them."""
    return tuple(sorted(file.stem for file in (CONTRACTS_FOLDER / kind).glob("*.yml")))


@lru_cache(maxsize=512)
def _load(kind: ContractKind, name: str, vocabulary_file: Path | None, _modified: int) -> Contract:
    file = CONTRACTS_FOLDER / kind / f"{name}.yml"
    if name not in contract_names(kind):
        known = ", ".join(contract_names(kind)) or "none"
        raise ConfigError(f"there is no {kind} contract named {name!r}", expected=f"one of {known}")
    # The tests hold every packaged file to the standard's schema; doing it again in each run costs seconds.
    return read_contract(file, kind, read_vocabulary(vocabulary_file), known_good=True)


def read_contract(file: Path, kind: ContractKind, vocabulary: Vocabulary, *, known_good: bool = False) -> Contract:
    """Read and check one contract file; one that is `known_good` is not held to the standard's schema again.

    Raises:
        ConfigErrors: every problem found, with file, line and path.
    """
    document = read_odcs(file, kind, vocabulary, known_good=known_good)
    table = document["schema"][0]
    options = _custom_properties(table)
    columns = tuple(_column(node, vocabulary) for node in table["properties"])
    keys = [node for node in table["properties"] if node.get("primaryKey")]
    return Contract(
        name=document["name"],
        version=str(document["version"]),
        kind=kind,
        domain=document.get("domain", "shared"),
        description=_one_line(table["description"]),
        columns=columns,
        primary_key=tuple(node["name"] for node in sorted(keys, key=lambda node: node.get("primaryKeyPosition", 1))),
        file=file,
        version_column=options.get("versionColumn"),
        event_time_column=options.get("eventTimeColumn"),
        person_role=options.get("personRole", "none"),
        max_reject_percent=float(options.get("maxRejectPercent", 0)),
        grain=options.get("grain"),
        options=tuple(options.items()),
        quality=tuple(table.get("quality", ())),
        service_levels=tuple(document.get("slaProperties", ())),
    )


def _column(node: dict[str, Any], vocabulary: Vocabulary) -> Column:
    limits = node.get("logicalTypeOptions", {})
    list_name = _custom_properties(node).get("vocabulary")
    enum: tuple[str, ...] | None = None
    if list_name:
        enum = vocabulary.values(list_name)
    elif node.get("enum"):
        enum = tuple(str(item["value"]) for item in node["enum"])
    return Column(
        name=node["name"],
        logical_type=node["logicalType"],
        physical_type=physical_type(node),
        description=_one_line(node["description"]),
        required=bool(node.get("required") or node.get("primaryKey")),
        primary_key=bool(node.get("primaryKey")),
        unique=bool(node.get("unique")),
        enum=enum,
        vocabulary=list_name,
        minimum=limits.get("minimum"),
        maximum=limits.get("maximum"),
        pattern=limits.get("pattern"),
        classification=node.get("classification", "internal"),
        tags=tuple(node.get("tags", ())),
        quality=tuple(node.get("quality", ())),
        references=next((str(item["to"]) for item in node.get("relationships", ())), None),
    )


def _custom_properties(node: dict[str, Any]) -> dict[str, Any]:
    return {item["property"]: item["value"] for item in node.get("customProperties", ())}


def _one_line(text: str) -> str:
    return " ".join(text.split())
