-- No order, receipt, return or amount is lost or invented between the feeds and fct_orders, currency by currency: every
-- receipt is an order or counted as a return of one, net amounts of sales stay whole, and so does what tills gave back.
with fed as (

    select
        currency_code,
        cast(1 as bigint) as row_count,
        case when coalesce(sale_type, 'sale') <> 'return' then net_amount else 0 end as net_amount,
        case when sale_type = 'return' and coalesce(status, 'completed') <> 'cancelled' then net_amount else 0 end as returned_amount
    from {{ ref('stg_pos__sales') }}
    union all
    select currency_code, cast(1 as bigint), net_amount, 0 from {{ ref('stg_ecommerce__orders') }}

),

returned_online as (

    select orders.currency_code, cast(0 as bigint) as row_count, 0 as net_amount, lines.returned_amount
    from {{ ref('stg_ecommerce__order_lines') }} as lines
    inner join {{ ref('stg_ecommerce__orders') }} as orders
        on lines.source_system = orders.source_system and lines.source_order_id = orders.source_order_id
    where lines.returned_amount is not null

),

returned_whole as (

    select orders.currency_code, cast(0 as bigint) as row_count, 0 as net_amount, orders.net_amount as returned_amount
    from {{ ref('stg_ecommerce__orders') }} as orders
    left join {{ ref('int_order_lines_summarised') }} as lines
        on lines.order_feed = 'ecommerce'
        and orders.source_system = lines.source_system
        and orders.source_order_id = lines.source_order_id
    where orders.status = 'returned' and coalesce(lines.returned_amount, 0) = 0

),

expected as (

    select currency_code, sum(row_count) as row_count, sum(net_amount) as net_amount, sum(returned_amount) as returned_amount
    from (
        select * from fed
        union all
        select * from returned_online
        union all
        select * from returned_whole
    ) as rows_of_feeds
    group by currency_code

),

found as (

    select
        currency_code,
        count_if(not is_return) + sum(return_receipt_count) as row_count,
        sum(net_amount) as net_amount,
        sum(returned_amount) as returned_amount
    from {{ ref('fct_orders') }}
    group by currency_code

)

select
    coalesce(expected.currency_code, found.currency_code) as currency_code,
    expected.row_count as expected_rows,
    found.row_count as found_rows,
    expected.net_amount as expected_net_amount,
    found.net_amount as found_net_amount,
    expected.returned_amount as expected_returned_amount,
    found.returned_amount as found_returned_amount
from expected
full outer join found on expected.currency_code = found.currency_code
where
    expected.row_count is distinct from found.row_count
    or expected.net_amount is distinct from found.net_amount
    or expected.returned_amount is distinct from found.returned_amount
