"""SQL that says what is wrong with a typed row, as `reason|column`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workspace.sql import quote_literal

if TYPE_CHECKING:
    from datetime import datetime

    from data_contracts.loader import Contract
    from ingestion.mapped_columns import MappedColumn

EARLIEST_DATE = "1900-01-01"
LATEST_DATE = "9999-12-31"


@dataclass(frozen=True)
class Horizon:
    """Until when a date can be true: events end with `as_of` and a tolerance, plans may lie further ahead."""

    as_of: datetime
    future_tolerance_days: int


def problem_sql(contract: Contract, mapped: list[MappedColumn], horizon: Horizon) -> str:
    """Return SQL for the first thing wrong with a row, in the order of the contract's columns; null when it is good."""
    checks = [check for one in mapped for check in _checks(contract, one, horizon)]
    currency = next((one for one in mapped if one.column.name == "currency_code"), None)
    amounts = [one.name for one in mapped if one.column.name.endswith("_amount")]
    if currency and amounts and not currency.column.required:
        given = " or ".join(f"{name} is not null" for name in amounts)
        checks.append((f"{currency.name} is null and ({given})", "currency_missing", "currency_code"))
    if not checks:
        return "cast(null as VARCHAR)"
    cases = " ".join(f"when {condition} then '{code}|{column}'" for condition, code, column in checks)
    return f"case {cases} end"


def _checks(contract: Contract, one: MappedColumn, horizon: Horizon) -> list[tuple[str, str, str]]:
    column, checks = one.column, []
    if one.raw is None and one.default is None:
        return []
    if one.fails:
        checks.append((one.fails_name, "expression_failed"))
    if column.physical_type != "VARCHAR" and one.raw is not None:
        checks.append((f"{one.raw_name} is not null and {one.name} is null", "type_mismatch"))
    if column.required:
        code = "currency_missing" if column.name == "currency_code" else "required_missing"
        checks.append((f"{one.name} is null", code))
    if column.enum:
        allowed = ", ".join(quote_literal(word) for word in column.enum)
        checks.append((f"{one.name} not in ({allowed})", "not_in_vocabulary"))
    if column.minimum is not None:
        checks.append((f"{one.name} < {column.minimum}", "out_of_range"))
    if column.maximum is not None:
        checks.append((f"{one.name} > {column.maximum}", "out_of_range"))
    if column.pattern:
        checks.append((f"not regexp_matches({one.name}, {quote_literal(column.pattern)})", "pattern_mismatch"))
    if column.physical_type in ("DATE", "TIMESTAMP"):
        checks.append((_absurd(contract, one, horizon), "absurd_date"))
    return [(condition, code, column.name) for condition, code in checks]


def _absurd(contract: Contract, one: MappedColumn, horizon: Horizon) -> str:
    kind = one.column.physical_type
    latest = f"{kind} '{LATEST_DATE}'"
    if one.column.name == "birth_date":
        latest = f"DATE '{horizon.as_of:%Y-%m-%d}'"
    elif one.column.name in (contract.event_time_column, contract.version_column):
        instant = f"TIMESTAMP '{horizon.as_of:%Y-%m-%d %H:%M:%S}' + to_days({horizon.future_tolerance_days})"
        latest = f"cast({instant} as {kind})"
    return f"({one.name} < {kind} '{EARLIEST_DATE}' or {one.name} > {latest})"
