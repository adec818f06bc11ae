with returns as (

    select * from {{ ref('int_pos_returns_matched') }}

),

matched_returns as (

    select
        source_system,
        matched_source_sale_id,
        {{ x_sum_money('case when not is_cancelled then net_amount end') }} as returned_amount,
        cast(count(*) as bigint) as return_receipt_count
    from returns
    where matched_source_sale_id is not null
    group by source_system, matched_source_sale_id

),

lines as (

    select * from {{ ref('int_order_lines_summarised') }}

),

sales as (

    select
        'pos' as order_feed,
        receipts.source_system,
        receipts.source_sale_id as source_order_id,
        receipts.record_id,
        receipts.store_id,
        cast(null as string) as placed_channel,
        receipts.sold_at as ordered_at,
        coalesce(receipts.status, 'completed') as status,
        receipts.gross_amount,
        receipts.discount_amount,
        cast(0 as decimal(18, 2)) as shipping_amount,
        receipts.net_amount,
        coalesce(matched_returns.returned_amount, 0) as returned_amount,
        coalesce(matched_returns.return_receipt_count, 0) as return_receipt_count,
        receipts.currency_code,
        receipts.coupon_code,
        receipts.payment_method,
        false as is_return
    from {{ ref('stg_pos__sales') }} as receipts
    left join matched_returns
        on receipts.source_system = matched_returns.source_system
        and receipts.source_sale_id = matched_returns.matched_source_sale_id
    where coalesce(receipts.sale_type, 'sale') <> 'return'

),

lone_returns as (

    select
        'pos' as order_feed,
        source_system,
        source_sale_id as source_order_id,
        record_id,
        store_id,
        cast(null as string) as placed_channel,
        sold_at as ordered_at,
        case when is_cancelled then 'cancelled' else 'returned' end as status,
        cast(0 as decimal(18, 2)) as gross_amount,
        cast(0 as decimal(18, 2)) as discount_amount,
        cast(0 as decimal(18, 2)) as shipping_amount,
        cast(0 as decimal(18, 2)) as net_amount,
        case when is_cancelled then 0 else net_amount end as returned_amount,
        cast(1 as bigint) as return_receipt_count,
        currency_code,
        coupon_code,
        payment_method,
        true as is_return
    from returns
    where matched_source_sale_id is null

),

online as (

    select
        'ecommerce' as order_feed,
        orders.source_system,
        orders.source_order_id,
        orders.record_id,
        orders.store_id,
        coalesce(orders.sales_channel, 'site') as placed_channel,
        orders.ordered_at,
        orders.status,
        orders.gross_amount,
        orders.discount_amount,
        coalesce(orders.shipping_amount, 0) as shipping_amount,
        orders.net_amount,
        -- An order marked as returned whose lines do not say what came back is taken at its word: all of it.
        case
            when orders.status = 'returned' and coalesce(lines.returned_amount, 0) = 0 then orders.net_amount
            else coalesce(lines.returned_amount, 0)
        end as returned_amount,
        cast(0 as bigint) as return_receipt_count,
        orders.currency_code,
        orders.coupon_code,
        orders.payment_method,
        false as is_return
    from {{ ref('stg_ecommerce__orders') }} as orders
    left join lines
        on lines.order_feed = 'ecommerce'
        and orders.source_system = lines.source_system
        and orders.source_order_id = lines.source_order_id

)

select * from sales
union all
select * from lone_returns
union all
select * from online
