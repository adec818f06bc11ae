with orders as (

    select
        unioned.*,
        {{ x_key(['order_feed', 'source_system', 'source_order_id']) }} as order_id,
        coalesce(gross_amount, net_amount + coalesce(discount_amount, 0)) as list_amount,
        status = 'cancelled' as is_cancelled
    from {{ ref('int_orders_unioned') }} as unioned

),

priced as (

    select
        orders.*,
        coalesce(discount_amount, greatest(list_amount - net_amount, 0)) as discounted_amount
    from orders

)

select
    priced.order_id,
    people.customer_id,
    priced.source_system,
    priced.source_order_id,
    priced.store_id,
    coalesce(stores.store_kind, case when priced.order_feed = 'pos' then 'own' else 'online' end) as store_kind,
    coalesce(
        priced.placed_channel, case when stores.store_kind = 'partner' then 'partner_store' else 'store' end
    ) as sales_channel,
    priced.status,
    priced.coupon_code,
    priced.payment_method,
    priced.currency_code,
    {{ x_money('priced.list_amount') }} as gross_amount,
    {{ x_money('priced.discounted_amount') }} as discount_amount,
    {{ x_money('priced.shipping_amount') }} as shipping_amount,
    {{ x_money('priced.net_amount') }} as net_amount,
    {{ x_money('priced.returned_amount') }} as returned_amount,
    {{ x_money('case when priced.is_cancelled then 0 else priced.net_amount - priced.returned_amount end') }} as net_revenue_amount,
    case when priced.is_return then cast(0 as bigint) else coalesce(lines.line_count, 0) end as line_count,
    priced.return_receipt_count,
    priced.is_cancelled,
    priced.is_return,
    not priced.is_cancelled and not priced.is_return and priced.status <> 'placed' as is_purchase,
    priced.discounted_amount > 0 or priced.coupon_code is not null as has_discount,
    case when not priced.is_cancelled then deliveries.is_delivered_on_time end as is_delivered_on_time,
    {{ local_date('priced.ordered_at') }} as order_date,
    deliveries.promised_on,
    deliveries.promised_on_latest,
    priced.ordered_at,
    deliveries.delivered_at
from priced
left join {{ ref('int_record_customers') }} as people on priced.record_id = people.record_id
left join {{ ref('dim_stores') }} as stores on priced.store_id = stores.store_id
left join {{ ref('int_order_lines_summarised') }} as lines
    on priced.order_feed = lines.order_feed
    and priced.source_system = lines.source_system
    and priced.source_order_id = lines.source_order_id
left join {{ ref('int_order_deliveries_summarised') }} as deliveries
    on priced.order_feed = 'ecommerce'
    and priced.source_system = deliveries.source_system
    and priced.source_order_id = deliveries.source_order_id
