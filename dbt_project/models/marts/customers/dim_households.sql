with members as (

    select
        members.household_id,
        members.household_source,
        customers.customer_id,
        customers.city,
        customers.state_code,
        customers.postal_prefix,
        customers.age_band,
        customers.is_minor
    from {{ ref('stg_identity__household_members') }} as members
    inner join {{ ref('dim_customers') }} as customers on members.customer_id = customers.customer_id

),

orders as (

    select
        members.household_id,
        count_if(orders.is_purchase) as order_count,
        {{ x_sum_money("case when orders.currency_code = '" ~ var('currency_code') ~ "' then orders.net_revenue_amount end") }} as net_revenue_amount,
        max(case when orders.is_purchase then orders.ordered_at end) as last_order_at
    from members
    inner join {{ ref('fct_orders') }} as orders on members.customer_id = orders.customer_id
    group by members.household_id

)

select
    members.household_id,
    min(members.household_source) as household_source,
    min_by(members.city, members.customer_id) filter (where members.city is not null) as city,
    min_by(members.state_code, members.customer_id) filter (where members.state_code is not null) as state_code,
    min_by(members.postal_prefix, members.customer_id) filter (where members.postal_prefix is not null) as postal_prefix,
    cast(count(*) as bigint) as member_count,
    cast(count_if(members.is_minor) as bigint) as minor_count,
    cast(coalesce(max(orders.order_count), 0) as bigint) as order_count,
    {{ x_money('coalesce(max(orders.net_revenue_amount), 0)') }} as net_revenue_amount,
    max(orders.last_order_at) as last_order_at
from members
left join orders on members.household_id = orders.household_id
group by members.household_id
