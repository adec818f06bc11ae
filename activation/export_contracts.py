"""What an export contract (data_contracts/exports) adds to its columns: which destinations, channels and personal data.

The contract is the one owner of "may this leave?": the configuration is held to it before a run, and every row, as
plain SQL built from it, as the last step before a row is sent. A row that breaks it is withheld alone, which is why
this is SQL over rows and not a suite over the whole file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data_contracts.loader import Contract, load_contract
from data_contracts.vocabulary import load_vocabulary
from workspace.errors import ConfigError
from workspace.sql import quote_identifier, quote_literal

if TYPE_CHECKING:
    from workspace.workspace import Workspace

PII_CLASSES = ("pii_quasi", "pii_direct")
DESTINATION_KINDS = ("file", "http")
_OPTIONS = ("destinationKinds", "consentChannels", "allowedPii")
_ADDRESS_PATTERN = "[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\\.[A-Za-z]{2,}"


@dataclass(frozen=True)
class ExportContract:
    """One export contract with its options checked."""

    contract: Contract
    destination_kinds: tuple[str, ...]
    consent_channels: tuple[str, ...]
    allowed_pii: tuple[str, ...]

    def pii_class(self, column: str) -> str | None:
        """Return pii_direct, pii_quasi, or None for a column that holds no personal data."""
        tags = self.contract.column(column).tags
        return next((name for name in reversed(PII_CLASSES) if name in tags), None)


def load_export_contract(name: str, workspace: Workspace | None = None) -> ExportContract:
    """Return the export contract `name`.

    Raises:
        ConfigError: there is no such contract, or its options are not what this room knows.
    """
    contract = load_contract("exports", name, workspace)
    channels = load_vocabulary(workspace).values("consent_channels")
    known: dict[str, tuple[str, ...]] = dict(zip(_OPTIONS, (DESTINATION_KINDS, channels, PII_CLASSES), strict=True))
    for option, _ in contract.options:
        if option not in known:
            raise ConfigError(f"unknown custom property {option!r}", file=contract.file, expected=", ".join(_OPTIONS))
    lists = {option: _words(contract, option, allowed) for option, allowed in known.items()}
    export = ExportContract(contract, lists["destinationKinds"], lists["consentChannels"], lists["allowedPii"])
    for column in contract.column_names:
        if export.pii_class(column) not in (None, *export.allowed_pii):
            raise ConfigError(
                f"column {column!r} is {export.pii_class(column)}, which allowedPii of the contract leaves out",
                file=contract.file,
            )
    return export


def _words(contract: Contract, option: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    value: Any = contract.option(option)
    if not isinstance(value, list) or not set(value) <= set(allowed):
        raise ConfigError(f"{option} is {value!r}", file=contract.file, expected=f"a list of {', '.join(allowed)}")
    return tuple(value)


def violation_sql(export: ExportContract, columns: tuple[str, ...]) -> str:
    """Return an SQL expression over `columns` (typed as in the contract): the first rule a row breaks, or null.

    The reason names rule and column, never the value.
    """
    rules: list[tuple[str, str]] = []
    for name in columns:
        column, quoted = export.contract.column(name), quote_identifier(name)
        if column.required:
            rules.append((f"{quoted} is null", f"missing_{name}"))
        if column.enum is not None:
            words = ", ".join(quote_literal(word) for word in column.enum) or "null"
            rules.append((f"cast({quoted} as varchar) not in ({words})", f"not_allowed_{name}"))
        if column.minimum is not None:
            rules.append((f"{quoted} < {column.minimum!r}", f"too_small_{name}"))
        if column.maximum is not None:
            rules.append((f"{quoted} > {column.maximum!r}", f"too_large_{name}"))
        if column.pattern is not None:
            rules.append((f"not regexp_matches({quoted}, {quote_literal(column.pattern)})", f"malformed_{name}"))
    cases = " ".join(f"when {condition} then {quote_literal(reason)}" for condition, reason in rules)
    return f"case {cases} end" if cases else "cast(null as varchar)"


def leak_sql(export: ExportContract, columns: tuple[str, ...]) -> str:
    """Return an SQL expression: the first column without personal data that holds an e-mail address, or null."""
    cases = " ".join(
        f"when regexp_matches({quote_identifier(name)}, {quote_literal(_ADDRESS_PATTERN)}) then {quote_literal(name)}"
        for name in columns
        if export.pii_class(name) != "pii_direct" and export.contract.column(name).physical_type == "VARCHAR"
    )
    return f"case {cases} end" if cases else "cast(null as varchar)"
