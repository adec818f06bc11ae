-- One row per receipt of a store and per online order: every time that somebody bought or gave back. A return that
-- lowers a sale is no order of its own, but the customer was there: it stands with the order that it lowers.
with orders as (

    select * from {{ ref('fct_orders') }}

),

returns as (

    select
        returns.*,
        {{ x_key(["'pos'", 'returns.source_system', 'returns.matched_source_sale_id']) }} as order_id,
        people.customer_id
    from {{ ref('int_pos_returns_matched') }} as returns
    left join {{ ref('int_record_customers') }} as people on returns.record_id = people.record_id
    where returns.matched_source_sale_id is not null

)

select
    {{ x_key(["'order'", 'order_id']) }} as receipt_id,
    order_id,
    customer_id,
    source_system,
    source_order_id as source_receipt_id,
    sales_channel as channel,
    case when is_return then 'return' else 'purchase' end as receipt_type,
    case when is_cancelled then 'cancelled' else 'completed' end as status,
    ordered_at as occurred_at
from orders
union all
select
    {{ x_key(["'return'", 'returns.source_system', 'returns.source_sale_id']) }} as receipt_id,
    returns.order_id,
    coalesce(returns.customer_id, orders.customer_id) as customer_id,
    returns.source_system,
    returns.source_sale_id as source_receipt_id,
    case when stores.store_kind = 'partner' then 'partner_store' else 'store' end as channel,
    'return' as receipt_type,
    case when returns.is_cancelled then 'cancelled' else 'completed' end as status,
    returns.sold_at as occurred_at
from returns
left join orders on returns.order_id = orders.order_id
left join {{ ref('dim_stores') }} as stores on returns.store_id = stores.store_id
