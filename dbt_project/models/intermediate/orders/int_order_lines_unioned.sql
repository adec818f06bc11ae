-- A line of a return receipt belongs to the order that the return lowers, or to the lone return itself. It sold
-- nothing and gave back its whole value.
with receipts as (

    select
        'pos' as order_feed,
        lines.source_system,
        lines.source_sale_id as source_order_id,
        lines.line_number,
        {{ x_key(["'pos'", 'lines.source_system', 'coalesce(returns.matched_source_sale_id, lines.source_sale_id)']) }} as header_id,
        lines.product_id,
        lines.sold_at as line_at,
        lines.unit_list_price_amount,
        lines.discount_amount,
        lines.currency_code,
        lines.quantity,
        lines.net_amount,
        returns.source_sale_id is not null as is_return,
        coalesce(returns.is_cancelled, false) as is_return_cancelled,
        returns.sold_at as returned_at
    from {{ ref('stg_pos__sale_lines') }} as lines
    left join {{ ref('int_pos_returns_matched') }} as returns
        on lines.source_system = returns.source_system
        and lines.source_sale_id = returns.source_sale_id

),

online as (

    select
        lines.*,
        {{ x_key(["'ecommerce'", 'lines.source_system', 'lines.source_order_id']) }} as header_id,
        orders.status = 'returned' and coalesce(summaries.returned_amount, 0) = 0 as is_returned_whole
    from {{ ref('stg_ecommerce__order_lines') }} as lines
    left join {{ ref('stg_ecommerce__orders') }} as orders
        on lines.source_system = orders.source_system
        and lines.source_order_id = orders.source_order_id
    left join {{ ref('int_order_lines_summarised') }} as summaries
        on summaries.order_feed = 'ecommerce'
        and lines.source_system = summaries.source_system
        and lines.source_order_id = summaries.source_order_id

)

select
    order_feed,
    source_system,
    source_order_id,
    line_number,
    header_id,
    product_id,
    coalesce(line_at, returned_at) as line_at,
    unit_list_price_amount,
    case when is_return then 0 else discount_amount end as discount_amount,
    currency_code,
    case when is_return then 0 else quantity end as quantity,
    case when is_return then 0 else net_amount end as net_amount,
    case when is_return and not is_return_cancelled then quantity else 0 end as returned_quantity,
    case when is_return and not is_return_cancelled then net_amount else 0 end as returned_amount,
    is_return,
    is_return_cancelled
from receipts
union all
select
    'ecommerce' as order_feed,
    source_system,
    source_order_id,
    line_number,
    header_id,
    product_id,
    cast(null as {{ x_timestamp_type() }}) as line_at,
    unit_list_price_amount,
    discount_amount,
    currency_code,
    quantity,
    net_amount,
    case when is_returned_whole then quantity else coalesce(returned_quantity, 0) end as returned_quantity,
    case when is_returned_whole then net_amount else coalesce(returned_amount, 0) end as returned_amount,
    false as is_return,
    false as is_return_cancelled
from online
