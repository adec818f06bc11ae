"""Rows and money between the layers: what the lake holds of a feed is what staging, and then the marts, hold."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from data_contracts.loader import load_contracts
from quality.balance_rules import RULES, BalanceRule
from quality.contents import products_by_table
from quality.guarding import guarded
from quality.results import CheckResult
from workspace.sql import quote_identifier

if TYPE_CHECKING:
    from data_contracts.loader import Contract
    from quality.build_reading import Compared

Totals = dict[tuple[str, str], Decimal]
"""Measure and currency (empty when it has none) -> total; the measure `rows` counts rows."""


@dataclass(frozen=True)
class _Side:
    name: str
    totals: Totals


def check_balances(compared: Compared) -> list[CheckResult]:
    """Compare lake with staging for every feed contract, and staging with marts for every rule, to the row and cent."""
    contracts = load_contracts("feeds", compared.ws)
    results = []
    for contract in contracts.values():
        subject = f"lake → {staging_model(contract)}"
        results += guarded("balance", subject, partial(_lake_and_staging, compared, contract))
    promised = {staging_model(one) for one in contracts.values()} | set(products_by_table(compared.ws))
    for rule in RULES:
        if promised.issuperset(rule.tables):
            results += guarded("balance", rule.name, partial(_layers, compared, rule))
    return results


def staging_model(contract: Contract) -> str:
    """Return `staging.<model>` of a feed contract: stg_<domain>__<name without the domain>."""
    return f"staging.stg_{contract.domain}__{contract.name.removeprefix(contract.domain + '_')}"


def _lake_and_staging(compared: Compared, contract: Contract) -> list[CheckResult]:
    model = staging_model(contract)
    subject = f"lake → {model}"
    if not compared.has(model):
        return [_not_built(subject, [model])]
    lake = _Side("the newest versions in the lake", _newest_totals(compared, contract))
    staged = _Side(model, _totals(compared, contract, f"unavista.{model}"))
    return [_compare(subject, lake, staged)]


def _measures(contract: Contract) -> list[str]:
    return [one.name for one in contract.columns if one.name.endswith("_amount")]


def _totals(compared: Compared, contract: Contract, source: str) -> Totals:
    currency = "currency_code" if "currency_code" in contract.column_names else "''"
    measures = _measures(contract)
    sums = "".join(f", coalesce(sum({quote_identifier(name)}), 0)" for name in measures)
    rows = compared.con.execute(
        f"select coalesce({currency}, ''), count(*){sums} from {source} group by 1 order by 1"
    ).fetchall()
    found: Totals = {("rows", ""): Decimal(0)}
    for code, count, *amounts in rows:
        found[("rows", "")] += count
        found |= {(name, code): Decimal(amount) for name, amount in zip(measures, amounts, strict=True)}
    return found


def _newest_totals(compared: Compared, contract: Contract) -> Totals:
    """Add up the newest version of each key; only keys with several versions are sorted."""
    con, lake = compared.con, compared.lake(contract.name)
    con.execute(f"create or replace temp table contested as select _row_key from {lake} group by 1 having count(*) > 1")
    if con.execute("select count(*) from contested").fetchall()[0][0] == 0:
        return _totals(compared, contract, lake)
    version = quote_identifier(contract.version_column) if contract.version_column else "cast(null as TIMESTAMP)"
    newest = (
        f"select * exclude (place) from (select *, row_number() over (partition by _row_key order by {version} desc "
        f"nulls last, _row_hash desc) as place from {lake} where _row_key in (from contested)) where place = 1"
    )
    single = f"select * from {lake} where _row_key not in (from contested)"
    return _totals(compared, contract, f"({single} union all {newest})")


def _layers(compared: Compared, rule: BalanceRule) -> list[CheckResult]:
    missing = [table for table in rule.tables if not compared.has(table)]
    if missing:
        return [_not_built(rule.name, missing)]
    left = _Side(rule.left_name, _rule_totals(compared, rule.left))
    return [_compare(rule.name, left, _Side(rule.right_name, _rule_totals(compared, rule.right)))]


def _rule_totals(compared: Compared, query: str) -> Totals:
    """Run a side of a rule: rows of (measure, currency, total); the same measure and currency add up."""
    compared.con.execute("use unavista")
    try:
        rows = compared.con.execute(query).fetchall()
    finally:
        compared.con.execute("use memory")
    found: Totals = {}
    for measure, code, total in rows:
        key = (measure, code or "")
        found[key] = found.get(key, Decimal(0)) + Decimal(total or 0)
    return found


def _not_built(subject: str, missing: list[str]) -> CheckResult:
    return CheckResult(
        "balance",
        subject,
        "balances",
        outcome="fail",
        message=f"{subject} cannot be balanced, for want of {', '.join(missing)}",
    )


def _compare(subject: str, left: _Side, right: _Side) -> CheckResult:
    keys = sorted(left.totals.keys() | right.totals.keys())
    differences = [
        f"{_named(key)} {_number(key, left.totals.get(key))} in {left.name}, "
        f"{_number(key, right.totals.get(key))} in {right.name}"
        for key in keys
        if left.totals.get(key, 0) != right.totals.get(key, 0)
    ]
    return CheckResult(
        "balance",
        subject,
        "balances",
        outcome="fail" if differences else "pass",
        observed=_digest(right.totals),
        expected=_digest(left.totals),
        failing_count=len(differences),
        checked_count=int(left.totals.get(("rows", ""), 0)),
        message=f"{subject} do not balance: {'; '.join(differences)}" if differences else "",
    )


def _named(key: tuple[str, str]) -> str:
    measure, currency = key
    return f"{measure.replace('_', ' ')}{' ' + currency if currency else ''}:"


def _number(key: tuple[str, str], total: Decimal | None) -> str:
    if key[0] == "rows" or key[0].endswith("_rows"):
        return f"{int(total or 0):,}"
    return f"{total or 0:,.2f}"


def _digest(totals: Totals) -> str:
    return "; ".join(f"{_named(key)} {_number(key, total)}" for key, total in sorted(totals.items(), key=_rows_first))


def _rows_first(item: tuple[tuple[str, str], Decimal]) -> tuple[bool, tuple[str, str]]:
    return item[0][0] != "rows", item[0]
