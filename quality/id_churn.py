"""How many published customers lost their id although nothing about them changed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from quality.build_reading import PUBLISHED
from quality.id_causes import Causes, find_causes
from workspace.sql import quote_identifier

if TYPE_CHECKING:
    from quality.build_reading import Compared

_EXAMPLES = 5
# Bookkeeping of a record, not evidence about a person.
_NOT_EVIDENCE = frozenset(("record_id", "updated_at", "first_seen_at", "last_seen_at", "contract"))


@dataclass(frozen=True)
class Churn:
    """Published customers and their revenue, and the part whose id moved without a cause in their own data."""

    customers: int
    customers_moved: int
    revenue: Decimal
    revenue_moved: Decimal
    causes: Causes = field(default_factory=Causes)
    examples: tuple[str, ...] = ()
    """Ids of moved customers, those with most revenue first."""


def measure_churn(compared: Compared) -> Churn | None:
    """Compare the build's crosswalk with the published one; None when nothing is published.

    A record has a cause when it is new, gone, or its evidence differs; a change of id has one when a record of the
    customer it left or of the customer it joined has a cause. What is left comes from changed rules or code.
    """
    before, after = compared.identity("customer_crosswalk", published=True), compared.identity("customer_crosswalk")
    if before is None or after is None:
        return None
    con = compared.con
    _create_moved_customers(compared, before, after)
    customers = con.execute(f"select count(distinct customer_id) from {before}").fetchall()[0][0]
    moved = con.execute("select count(*) from moved_customers").fetchall()[0][0]
    revenue, revenue_moved = con.execute(
        "select coalesce(sum(revenue), 0), coalesce(sum(revenue) filter (customer_id in (from moved_customers)), 0) "
        f"from ({_published_revenue(compared)})"
    ).fetchall()[0]
    churn = Churn(int(customers), int(moved), Decimal(revenue), Decimal(revenue_moved))
    return replace(churn, causes=find_causes(compared), examples=_examples(compared)) if moved else churn


def _published_revenue(compared: Compared) -> str:
    """Return SQL for (customer_id, revenue) of the published view."""
    if not compared.was_published("marts.fct_orders"):
        return "select cast(null as VARCHAR) as customer_id, cast(0 as DECIMAL(18,2)) as revenue where false"
    return (
        "select customer_id, sum(net_revenue_amount) as revenue "
        f"from {PUBLISHED}.marts.fct_orders where customer_id is not null group by customer_id"
    )


def _examples(compared: Compared) -> tuple[str, ...]:
    rows = compared.con.execute(
        f"select old_id from moved_customers left join ({_published_revenue(compared)}) on customer_id = old_id "
        "order by coalesce(revenue, 0) desc, old_id limit ?",
        [_EXAMPLES],
    ).fetchall()
    return tuple(old_id for (old_id,) in rows)


def _create_moved_customers(compared: Compared, before: str, after: str) -> None:
    con = compared.con
    con.execute(
        "create or replace temp table id_moves as select coalesce(b.record_id, a.record_id) as record_id, "
        "b.customer_id as old_id, a.customer_id as new_id, b.record_id is null or a.record_id is null as has_cause "
        f"from {before} as b full join {after} as a on a.record_id = b.record_id"
    )
    changed = _changed_evidence(compared)
    if changed:
        con.execute(f"update id_moves set has_cause = true where record_id in ({changed})")
    con.execute(
        "create or replace temp table moved_customers as with "
        "old_causes as (select distinct old_id from id_moves where has_cause and old_id is not null), "
        "new_causes as (select distinct new_id from id_moves where has_cause and new_id is not null) "
        "select distinct old_id from id_moves where old_id is not null and old_id is distinct from new_id "
        "and not has_cause and old_id not in (from old_causes) "
        "and (new_id is null or new_id not in (from new_causes))"
    )


def _changed_evidence(compared: Compared) -> str | None:
    """Return SQL for the records whose evidence differs from the published one, over the columns that both have."""
    before, after = compared.identity("customer_records", published=True), compared.identity("customer_records")
    if before is None or after is None:
        return None
    columns = [
        {name for name, *_ in compared.con.execute(f"describe select * from {one}").fetchall()}
        for one in (before, after)
    ]
    shared = sorted((columns[0] & columns[1]) - _NOT_EVIDENCE)
    if not shared:
        return None
    differs = " or ".join(f"b.{quote_identifier(name)} is distinct from a.{quote_identifier(name)}" for name in shared)
    return f"select a.record_id from {before} as b join {after} as a on a.record_id = b.record_id where {differs}"
