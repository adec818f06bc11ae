with lines as (

    select
        unioned.*,
        coalesce(quantity * unit_list_price_amount, net_amount + coalesce(discount_amount, 0)) as list_amount
    from {{ ref('int_order_lines_unioned') }} as unioned

),

placed as (

    select
        lines.*,
        orders.order_id,
        orders.customer_id,
        orders.store_id,
        coalesce(lines.line_at, orders.ordered_at) as ordered_at,
        lines.is_return_cancelled or coalesce(orders.is_cancelled, false) as is_cancelled
    from lines
    left join {{ ref('fct_orders') }} as orders on lines.header_id = orders.order_id

)

select
    {{ x_key(['order_feed', 'source_system', 'source_order_id', 'line_number']) }} as order_line_id,
    order_id,
    customer_id,
    product_id,
    store_id,
    source_system,
    source_order_id,
    currency_code,
    line_number,
    cast(quantity as decimal(18, 3)) as quantity,
    cast(returned_quantity as decimal(18, 3)) as returned_quantity,
    unit_list_price_amount,
    {{ x_money('list_amount') }} as gross_amount,
    {{ x_money('coalesce(discount_amount, greatest(list_amount - net_amount, 0))') }} as discount_amount,
    {{ x_money('net_amount') }} as net_amount,
    {{ x_money('returned_amount') }} as returned_amount,
    {{ x_money('case when is_cancelled then 0 else net_amount - returned_amount end') }} as net_revenue_amount,
    is_return,
    is_cancelled,
    {{ local_date('ordered_at') }} as order_date,
    ordered_at
from placed
