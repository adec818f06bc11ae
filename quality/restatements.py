"""Which published rows speak of another customer now, why, and how much money moved with them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from data_contracts.loader import load_contracts
from quality.build_reading import PUBLISHED
from quality.contents import list_columns, schema_of
from workspace.sql import quote_identifier

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from data_contracts.loader import Contract
    from quality.build_reading import Compared
    from workspace.runs import Run

_MONEY = "net_revenue_amount"


@dataclass(frozen=True)
class Restatement:
    """Rows of one published table that moved between customers for one reason.

    Reasons: `merge` (the old customer is gone), `split` (it lives on without these rows), `identified` (nobody before),
    `unidentified` (nobody now).
    """

    subject: str
    reason: str
    customer_count: int
    row_count: int
    currency_code: str | None
    moved_amount: Decimal | None


def find_restatements(compared: Compared) -> list[Restatement]:
    """Compare every fact of the published view that carries a customer with the build, row by row by primary key."""
    if compared.published is None:
        return []
    found: list[Restatement] = []
    for product in load_contracts("products", compared.ws).values():
        table = f"{schema_of(product)}.{product.name}"
        carries = "customer_id" in product.column_names and "customer_id" not in product.primary_key
        if carries and product.primary_key and compared.has(table) and compared.was_published(table):
            found += _moved_rows(compared, product, table)
    return found


def record_restatements(con: DuckDBPyConnection, run: Run, found: list[Restatement]) -> None:
    """Replace the restatements of a run, in the caller's transaction."""
    con.execute("delete from restatements where run_id = ?", [run.run_id])
    rows = [
        (run.run_id, run.as_of_naive, one.subject, one.reason, one.customer_count, one.row_count, one.currency_code,
         one.moved_amount)
        for one in found
    ]  # fmt: skip
    if rows:
        con.executemany("insert into restatements values (?, ?, ?, ?, ?, ?, ?, ?)", rows)


def _moved_rows(compared: Compared, product: Contract, table: str) -> list[Restatement]:
    published = list_columns(compared.con, PUBLISHED, table)
    if not published.keys() >= {"customer_id", *product.primary_key}:
        return []
    has_money = _MONEY in published and "currency_code" in published
    currency, amount = ("b.currency_code", f"b.{_MONEY}") if has_money else ("cast(null as VARCHAR)", "null")
    same = " and ".join(f"a.{quote_identifier(name)} = b.{quote_identifier(name)}" for name in product.primary_key)
    rows = compared.con.execute(
        "with moved as (select b.customer_id as old_id, a.customer_id as new_id, "
        f"{currency} as currency_code, cast({amount} as DECIMAL(38,2)) as amount "
        f"from {PUBLISHED}.{table} as b join unavista.{table} as a on {same} "
        "where a.customer_id is distinct from b.customer_id), living as (select customer_id from "
        "unavista.marts.dim_customers), reasoned as (select *, case when old_id is null then 'identified' "
        "when new_id is null then 'unidentified' when old_id in (from living) then 'split' else 'merge' end as reason "
        "from moved) select reason, count(distinct coalesce(old_id, new_id)), count(*), currency_code, sum(amount) "
        "from reasoned group by reason, currency_code order by reason, currency_code nulls first"
    ).fetchall()
    return [Restatement(table, *row) for row in rows]
