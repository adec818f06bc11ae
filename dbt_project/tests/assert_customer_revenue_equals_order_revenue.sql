-- What all customers were worth together is what their orders brought, in the company's currency, as of the run.
with customers as (

    select coalesce(sum(net_revenue_amount), 0) as net_revenue_amount, coalesce(sum(order_count), 0) as order_count
    from {{ ref('dim_customer_value') }}

),

orders as (

    select
        coalesce(sum(case when currency_code = '{{ var("currency_code") }}' then net_revenue_amount end), 0) as net_revenue_amount,
        count_if(is_purchase) as order_count
    from {{ ref('fct_orders') }}
    where customer_id is not null and ordered_at <= {{ as_of() }}

)

select customers.net_revenue_amount, orders.net_revenue_amount as order_revenue_amount
from customers
cross join orders
where customers.net_revenue_amount <> orders.net_revenue_amount or customers.order_count <> orders.order_count
