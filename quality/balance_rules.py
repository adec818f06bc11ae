"""What must be equal between staging and marts, as two queries each; the catalog is the build.

A query yields rows of (measure, currency code, total). Rows and money are summed in decimals.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BalanceRule:
    """Two queries that must give the same totals."""

    name: str
    left_name: str
    left: str
    right_name: str
    right: str
    tables: tuple[str, ...]
    """Every `schema.table` that the queries read."""


def _counted(*tables: str) -> str:
    return " union all ".join(f"select 'rows', '', count(*) from {table}" for table in tables)


RULES: tuple[BalanceRule, ...] = (
    BalanceRule(
        "orders",
        "the staged receipts and online orders",
        "select 'rows', '', count(*) from staging.stg_ecommerce__orders "
        "union all select 'rows', '', count(*) from staging.stg_pos__sales where coalesce(sale_type, 'sale') = 'sale' "
        "union all select 'net_amount', currency_code, sum(net_amount) from staging.stg_ecommerce__orders group by 2 "
        "union all select 'net_amount', currency_code, sum(net_amount) from staging.stg_pos__sales "
        "where coalesce(sale_type, 'sale') = 'sale' group by 2",
        "marts.fct_orders",
        "select 'rows', '', count(*) from marts.fct_orders where not is_return "
        "union all select 'net_amount', currency_code, sum(net_amount) from marts.fct_orders "
        "where not is_return group by 2",
        ("staging.stg_ecommerce__orders", "staging.stg_pos__sales", "marts.fct_orders"),
    ),
    BalanceRule(
        "service contacts",
        "staging",
        _counted("staging.stg_crm__service_contacts"),
        "marts.fct_service_contacts",
        _counted("marts.fct_service_contacts"),
        ("staging.stg_crm__service_contacts", "marts.fct_service_contacts"),
    ),
    BalanceRule(
        "campaign contacts",
        "staging",
        _counted("staging.stg_campaign__contacts"),
        "marts.fct_campaign_contacts",
        _counted("marts.fct_campaign_contacts"),
        ("staging.stg_campaign__contacts", "marts.fct_campaign_contacts"),
    ),
)
