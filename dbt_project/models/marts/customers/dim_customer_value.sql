-- What a customer was worth so far. Nothing here is a forecast: a lifetime value needs a fitted model, and a guess
-- would look the same as one.
with premium as (

    select
        lines.customer_id,
        {{ x_sum_money('lines.net_revenue_amount') }} as line_revenue_amount,
        {{ x_sum_money('case when products.is_premium then lines.net_revenue_amount end') }} as premium_revenue_amount
    from {{ ref('fct_order_lines') }} as lines
    inner join {{ ref('dim_products') }} as products on lines.product_id = products.product_id
    where
        lines.customer_id is not null
        and lines.currency_code = '{{ var("currency_code") }}'
        and lines.ordered_at <= {{ as_of() }}
    group by lines.customer_id

),

valued as (

    select
        customers.customer_id,
        coalesce(orders.order_count, 0) as order_count,
        coalesce(orders.cancelled_order_count, 0) as cancelled_order_count,
        coalesce(orders.returned_order_count, 0) as returned_order_count,
        coalesce(orders.discount_order_count, 0) as discount_order_count,
        coalesce(orders.online_order_count, 0) as online_order_count,
        coalesce(orders.other_currency_order_count, 0) as other_currency_order_count,
        coalesce(orders.late_delivery_count, 0) as late_delivery_count,
        coalesce(contracts.active_contract_count, 0) as active_contract_count,
        {{ x_money('coalesce(orders.gross_amount, 0)') }} as gross_amount,
        {{ x_money('coalesce(orders.discount_amount, 0)') }} as discount_amount,
        {{ x_money('coalesce(orders.net_amount, 0)') }} as net_amount,
        {{ x_money('coalesce(orders.returned_amount, 0)') }} as returned_amount,
        {{ x_money('coalesce(orders.net_revenue_amount, 0)') }} as net_revenue_amount,
        {{ x_money('coalesce(orders.net_revenue_365_days_amount, 0)') }} as net_revenue_365_days_amount,
        {{ x_money('coalesce(premium.premium_revenue_amount, 0)') }} as premium_revenue_amount,
        {{ x_money('coalesce(contracts.active_contract_monthly_amount, 0)') }} as active_contract_monthly_amount,
        {{ x_money(x_ratio('orders.purchase_revenue_amount', 'orders.valued_order_count', 2)) }} as average_order_amount,
        {{ x_ratio('orders.returned_amount', 'orders.net_amount') }} as return_ratio,
        {{ x_ratio('orders.discount_order_count', 'orders.order_count') }} as discount_order_ratio,
        {{ x_ratio('orders.discount_amount', 'orders.gross_amount') }} as discount_amount_ratio,
        {{ x_ratio('premium.premium_revenue_amount', 'case when premium.line_revenue_amount > 0 then premium.line_revenue_amount end') }} as premium_revenue_ratio,
        {{ x_ratio(x_days_between('orders.first_order_on', 'orders.last_order_on'), 'orders.order_day_count - 1', 3) }} as average_gap_days,
        contracts.next_contract_end_on,
        orders.first_order_at,
        orders.last_order_at
    from {{ ref('dim_customers') }} as customers
    left join {{ ref('int_customer_orders_summarised') }} as orders on customers.customer_id = orders.customer_id
    left join {{ ref('int_customer_contracts_summarised') }} as contracts on customers.customer_id = contracts.customer_id
    left join premium on customers.customer_id = premium.customer_id

)

select
    customer_id,
    -- Three purchases say something about a habit; fewer do not.
    case
        when order_count = 0 then 'none'
        when order_count < 3 then 'too_few_orders'
        when discount_order_ratio = 1 then 'discount_only'
        when premium_revenue_ratio >= 0.5 then 'premium'
        when discount_order_ratio = 0 then 'full_price'
        else 'mixed'
    end as buyer_type,
    order_count,
    cancelled_order_count,
    returned_order_count,
    discount_order_count,
    online_order_count,
    other_currency_order_count,
    late_delivery_count,
    active_contract_count,
    gross_amount,
    discount_amount,
    net_amount,
    returned_amount,
    net_revenue_amount,
    net_revenue_365_days_amount,
    premium_revenue_amount,
    average_order_amount,
    active_contract_monthly_amount,
    return_ratio,
    discount_order_ratio,
    discount_amount_ratio,
    premium_revenue_ratio,
    average_gap_days,
    next_contract_end_on,
    first_order_at,
    last_order_at
from valued
