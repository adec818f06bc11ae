-- One row per campaign and customer whose window has closed: in the contacted group or in control, and what was
-- bought in the window. Who stands in both groups (two records found to be one person) is in neither.
with contacts as (

    select
        campaign_id,
        customer_id,
        case when bool_or(is_control) and bool_or(is_sent) then 'mixed' when bool_or(is_control) then 'control' else 'contacted' end as group_name,
        min(contacted_at) as first_contacted_at,
        max(response_window_days) as response_window_days
    from {{ ref('fct_campaign_contacts') }}
    where customer_id is not null and (is_sent or is_control) and contacted_at is not null
    group by campaign_id, customer_id
    having bool_and(is_window_closed)

),

purchases as (

    select
        contacts.campaign_id,
        contacts.customer_id,
        count(*) as order_count,
        sum(orders.net_revenue_amount) as net_revenue_amount
    from contacts
    inner join {{ ref('fct_orders') }} as orders
        on contacts.customer_id = orders.customer_id
        and orders.ordered_at >= contacts.first_contacted_at
        and orders.ordered_at <= {{ x_add_days('contacts.first_contacted_at', 'contacts.response_window_days') }}
    where not orders.is_cancelled and not orders.is_return
    group by contacts.campaign_id, contacts.customer_id

)

select
    contacts.campaign_id,
    contacts.customer_id,
    contacts.group_name,
    purchases.order_count is not null as has_bought,
    cast(coalesce(purchases.order_count, 0) as bigint) as order_count,
    {{ x_money('coalesce(purchases.net_revenue_amount, 0)') }} as net_revenue_amount,
    contacts.first_contacted_at
from contacts
left join purchases
    on contacts.campaign_id = purchases.campaign_id and contacts.customer_id = purchases.customer_id
