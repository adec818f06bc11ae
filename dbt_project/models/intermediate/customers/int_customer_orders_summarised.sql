-- What a customer bought, ever, as of the run. Amounts are of the company's own currency; orders in another are counted
-- and not added up. A lone return lowers the value without being an order.
{% set own = "orders.currency_code = '" ~ var('currency_code') ~ "'" %}
select
    orders.customer_id,
    cast(count_if(orders.is_purchase) as bigint) as order_count,
    cast(count_if(orders.is_cancelled and not orders.is_return) as bigint) as cancelled_order_count,
    cast(count_if(not orders.is_return and not ({{ own }})) as bigint) as other_currency_order_count,
    cast(count_if(orders.is_purchase and orders.has_discount) as bigint) as discount_order_count,
    cast(count_if(orders.is_purchase and orders.store_kind = 'online') as bigint) as online_order_count,
    cast(count_if(orders.returned_amount > 0) as bigint) as returned_order_count,
    cast(count_if(orders.is_delivered_on_time = false) as bigint) as late_delivery_count,
    {{ x_sum_money("case when " ~ own ~ " and orders.is_purchase then orders.gross_amount end") }} as gross_amount,
    {{ x_sum_money("case when " ~ own ~ " and orders.is_purchase then orders.discount_amount end") }} as discount_amount,
    {{ x_sum_money("case when " ~ own ~ " and orders.is_purchase then orders.net_amount end") }} as net_amount,
    {{ x_sum_money("case when " ~ own ~ " and not orders.is_cancelled then orders.returned_amount end") }} as returned_amount,
    {{ x_sum_money("case when " ~ own ~ " then orders.net_revenue_amount end") }} as net_revenue_amount,
    {{ x_sum_money("case when " ~ own ~ " and orders.order_date > " ~ x_date_add(as_of_date(), -365) ~ " then orders.net_revenue_amount end") }} as net_revenue_365_days_amount,
    cast(count_if({{ own }} and orders.is_purchase) as bigint) as valued_order_count,
    {{ x_sum_money("case when " ~ own ~ " and orders.is_purchase then orders.net_revenue_amount end") }} as purchase_revenue_amount,
    min(case when orders.is_purchase then orders.ordered_at end) as first_order_at,
    max(case when orders.is_purchase then orders.ordered_at end) as last_order_at,
    min(case when orders.is_purchase then orders.order_date end) as first_order_on,
    max(case when orders.is_purchase then orders.order_date end) as last_order_on,
    cast(count(distinct case when orders.is_purchase then orders.order_date end) as bigint) as order_day_count
from {{ ref('fct_orders') }} as orders
where orders.customer_id is not null and orders.ordered_at <= {{ as_of() }}
group by orders.customer_id
