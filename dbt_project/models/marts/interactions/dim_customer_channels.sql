-- A response ratio from three contacts says little, so it is drawn towards the ratio of the whole channel by the
-- weight of ten contacts (the mean of a beta prior): (responses + 10 x channel ratio) / (contacts + 10).
{%- set prior_contact_count = 10 %}
with interactions as (

    select * from {{ ref('fct_interactions') }} where customer_id is not null and occurred_at <= {{ as_of() }}

),

orders as (

    select order_id, sales_channel as channel, customer_id, net_revenue_amount
    from {{ ref('fct_orders') }}
    where customer_id is not null and not is_cancelled and not is_return and ordered_at <= {{ as_of() }}

),

contacts as (

    select
        customer_id,
        channel,
        count_if(direction = 'inbound') as inbound_count,
        count_if(direction = 'outbound' and outcome <> 'not_sent') as contact_count,
        -- Evidence: contacts that arrived, as far as anybody knows, and had the time to be answered.
        count_if(direction = 'outbound' and outcome in ('converted', 'responded', 'rejected', 'no_response')) as evaluated_contact_count,
        count_if(direction = 'outbound' and outcome in ('converted', 'responded')) as response_count,
        count_if(direction = 'outbound' and status in ('unsubscribed', 'complained')) as rejection_count,
        max(case when direction = 'outbound' and outcome <> 'not_sent' then occurred_at end) as last_contact_at,
        max(case when direction = 'inbound' then occurred_at end) as last_inbound_at
    from interactions
    group by customer_id, channel

),

purchases as (

    select customer_id, channel, count(*) as order_count, sum(net_revenue_amount) as net_revenue_amount
    from orders
    group by customer_id, channel

),

keys as (

    select customer_id, channel from contacts
    union
    select customer_id, channel from purchases

),

priors as (

    select channel, {{ x_ratio('sum(response_count)', 'sum(evaluated_contact_count)') }} as prior_response_ratio
    from contacts
    group by channel

)

select
    keys.customer_id,
    keys.channel,
    cast(coalesce(contacts.contact_count, 0) as bigint) as contact_count,
    cast(coalesce(contacts.evaluated_contact_count, 0) as bigint) as evaluated_contact_count,
    cast(coalesce(contacts.response_count, 0) as bigint) as response_count,
    cast(coalesce(contacts.rejection_count, 0) as bigint) as rejection_count,
    cast(coalesce(contacts.inbound_count, 0) as bigint) as inbound_count,
    cast(coalesce(purchases.order_count, 0) as bigint) as order_count,
    {{ x_money('coalesce(purchases.net_revenue_amount, 0)') }} as net_revenue_amount,
    priors.prior_response_ratio,
    cast({{ prior_contact_count }} as bigint) as prior_contact_count,
    {{ x_round("(cast(coalesce(contacts.response_count, 0) as double) + " ~ prior_contact_count ~ " * cast(priors.prior_response_ratio as double)) / (coalesce(contacts.evaluated_contact_count, 0) + " ~ prior_contact_count ~ ")", 6) }} as smoothed_response_ratio,
    contacts.last_contact_at,
    contacts.last_inbound_at
from keys
left join contacts on keys.customer_id = contacts.customer_id and keys.channel = contacts.channel
left join purchases on keys.customer_id = purchases.customer_id and keys.channel = purchases.channel
left join priors on keys.channel = priors.channel
