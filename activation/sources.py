"""The columns that audiences may ask about and exports may carry, with their class of personal data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from data_contracts.loader import Contract, load_contract
from workspace.sql import quote_identifier

if TYPE_CHECKING:
    from workspace.workspace import Workspace

SUMMARY, CONTACTS = "customer_360", "customer_contacts"


@dataclass(frozen=True)
class Sources:
    """Columns of marts.customer_360 (`summary`) and restricted.customer_contacts (`contacts`), with PII class."""

    summary: dict[str, str | None]
    contacts: dict[str, str | None]

    @property
    def all_columns(self) -> frozenset[str]:
        """Return every column that an export may carry."""
        return frozenset(self.summary) | frozenset(self.contacts)

    def pii_class(self, column: str) -> str | None:
        """Return the PII class of a column; where both tables have it, the summary is read."""
        return self.summary[column] if column in self.summary else self.contacts[column]

    def reference(self, column: str) -> str:
        """Return the SQL reference of a column, with `summary` and `contacts` as the table aliases."""
        table = "summary" if column in self.summary else "contacts"
        return f"{table}.{quote_identifier(column)}"


def load_sources(workspace: Workspace | None = None) -> Sources:
    """Return the columns of the two tables that exports are made from, as their contracts promise them.

    Raises:
        ConfigError: a contract is missing or not valid.
    """
    summary, contacts = (load_contract("products", name, workspace) for name in (SUMMARY, CONTACTS))
    return Sources(_classes(summary), _classes(contacts))


def _classes(contract: Contract) -> dict[str, str | None]:
    return {
        column.name: next((tag for tag in ("pii_direct", "pii_quasi") if tag in column.tags), None)
        for column in contract.columns
    }
