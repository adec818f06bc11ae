"""What must be equal between staging and marts, as two queries each; the catalog is the build.

A query yields rows of (measure, currency code, total). Rows and money are summed in integers and decimals. The staged
side is written from the feeds' own meaning, not from the models in between: it is there to contradict them.
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


# A return that is not cancelled gives back its amount, with the sale it names or alone. An online order gives back what
# its lines say, or all of it when it is marked as returned and they say nothing.
_RECEIPTS = "select *, coalesce(sale_type, 'sale') = 'return' as is_return from staging.stg_pos__sales"
_ONLINE = """
    select orders.*, coalesce(told.returned_amount, 0) as told_amount
    from staging.stg_ecommerce__orders as orders
    left join (
        select source_system, source_order_id, sum(returned_amount) as returned_amount
        from staging.stg_ecommerce__order_lines group by 1, 2
    ) as told using (source_system, source_order_id)
"""
_ORDERS = f"""
    with receipts as ({_RECEIPTS}), online as ({_ONLINE})
    select 'rows', '', count(*) from receipts
    union all select 'rows', '', count(*) from online
    union all select 'net_amount', currency_code, sum(case when is_return then 0 else net_amount end)
    from receipts group by 2
    union all select 'net_amount', currency_code, sum(net_amount) from online group by 2
    union all select 'returned_amount', currency_code,
        sum(case when is_return and coalesce(status, 'completed') <> 'cancelled' then net_amount else 0 end)
    from receipts group by 2
    union all select 'returned_amount', currency_code,
        sum(case when status = 'returned' and told_amount = 0 then net_amount else told_amount end)
    from online group by 2
"""
_LINES = f"""
    with receipts as ({_RECEIPTS}), online as ({_ONLINE}),
    sold as (
        select lines.*, coalesce(is_return, false) as is_return,
            coalesce(is_return and coalesce(status, 'completed') <> 'cancelled', false) as gives_back
        from staging.stg_pos__sale_lines as lines
        left join receipts using (source_system, source_sale_id)
    ),
    ordered as (
        select lines.*, coalesce(status = 'returned' and told_amount = 0, false) as is_whole
        from staging.stg_ecommerce__order_lines as lines
        left join online using (source_system, source_order_id)
    )
    select 'rows', '', count(*) from sold
    union all select 'rows', '', count(*) from ordered
    union all select 'net_amount', currency_code, sum(case when is_return then 0 else net_amount end)
    from sold group by 2
    union all select 'net_amount', currency_code, sum(net_amount) from ordered group by 2
    union all select 'returned_amount', currency_code, sum(case when gives_back then net_amount else 0 end)
    from sold group by 2
    union all select 'returned_amount', currency_code,
        sum(case when is_whole then net_amount else coalesce(returned_amount, 0) end)
    from ordered group by 2
"""
_INTERACTIONS = """
    select 'service_rows', '', count(*) from staging.stg_crm__service_contacts
    union all select 'receipt_rows', '', count(*) from staging.stg_pos__sales
    union all select 'receipt_rows', '', count(*) from staging.stg_ecommerce__orders
    union all select 'campaign_rows', '', count(*) from staging.stg_campaign__contacts
    where not coalesce(is_control, false)
    union all select 'message_rows', '', count(*) from staging.stg_feedback__activation_messages
    where operation in ('add', 'send')
"""

RULES: tuple[BalanceRule, ...] = (
    BalanceRule(
        name="orders",
        left_name="the staged receipts and online orders",
        left=_ORDERS,
        right_name="marts.fct_orders",
        right="""
            select 'rows', '', count(*) filter (not is_return) + coalesce(sum(return_receipt_count), 0)
            from marts.fct_orders
            union all select 'net_amount', currency_code, sum(net_amount) from marts.fct_orders group by 2
            union all select 'returned_amount', currency_code, sum(returned_amount) from marts.fct_orders group by 2
        """,
        tables=(
            "staging.stg_pos__sales",
            "staging.stg_ecommerce__orders",
            "staging.stg_ecommerce__order_lines",
            "marts.fct_orders",
        ),
    ),
    BalanceRule(
        name="order lines",
        left_name="the staged lines",
        left=_LINES,
        right_name="marts.fct_order_lines",
        right="""
            select 'rows', '', count(*) from marts.fct_order_lines
            union all select 'net_amount', currency_code, sum(net_amount) from marts.fct_order_lines group by 2
            union all select 'returned_amount', currency_code, sum(returned_amount)
            from marts.fct_order_lines group by 2
        """,
        tables=(
            "staging.stg_pos__sales",
            "staging.stg_pos__sale_lines",
            "staging.stg_ecommerce__orders",
            "staging.stg_ecommerce__order_lines",
            "marts.fct_order_lines",
        ),
    ),
    BalanceRule(
        name="service contacts",
        left_name="staging",
        left="select 'rows', '', count(*) from staging.stg_crm__service_contacts",
        right_name="marts.fct_service_contacts",
        right="select 'rows', '', count(*) from marts.fct_service_contacts",
        tables=("staging.stg_crm__service_contacts", "marts.fct_service_contacts"),
    ),
    BalanceRule(
        name="campaign contacts",
        left_name="staging",
        left="select 'rows', '', count(*) from staging.stg_campaign__contacts "
        "union all select 'cost_amount', '', coalesce(sum(cost_amount), 0) from staging.stg_campaign__contacts",
        right_name="marts.fct_campaign_contacts",
        right="select 'rows', '', count(*) from marts.fct_campaign_contacts "
        "union all select 'cost_amount', '', coalesce(sum(cost_amount), 0) from marts.fct_campaign_contacts",
        tables=("staging.stg_campaign__contacts", "marts.fct_campaign_contacts"),
    ),
    BalanceRule(
        name="responses and receipts",
        left_name="staging",
        left="select 'rows', '', count(*) from staging.stg_campaign__responses "
        "union all select 'rows', '', count(*) from staging.stg_feedback__channel_receipts",
        right_name="marts.fct_campaign_responses",
        right="select 'rows', '', count(*) from marts.fct_campaign_responses",
        tables=(
            "staging.stg_campaign__responses",
            "staging.stg_feedback__channel_receipts",
            "marts.fct_campaign_responses",
        ),
    ),
    BalanceRule(
        name="interactions",
        left_name="staging",
        left=_INTERACTIONS,
        right_name="marts.fct_interactions",
        # Visits are made of events, many to one; every other kind is one row for one row.
        right="""
            select case interaction_type when 'service' then 'service_rows' when 'campaign' then 'campaign_rows'
                when 'activation' then 'message_rows' else 'receipt_rows' end, '', count(*)
            from marts.fct_interactions where interaction_type <> 'visit' group by 1
        """,
        tables=(
            "staging.stg_crm__service_contacts",
            "staging.stg_pos__sales",
            "staging.stg_ecommerce__orders",
            "staging.stg_campaign__contacts",
            "staging.stg_feedback__activation_messages",
            "marts.fct_interactions",
        ),
    ),
)
