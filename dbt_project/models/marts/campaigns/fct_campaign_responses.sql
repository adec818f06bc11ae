-- A response whose contact nobody knows is kept and says so: dropping it would lose an unsubscription.
with responses as (

    select * from {{ ref('int_responses_counted') }}

),

orders as (

    select source_system, source_order_id, min(order_id) as order_id
    from {{ ref('fct_orders') }}
    group by source_system, source_order_id

)

select
    responses.campaign_response_id,
    case when responses.response_source = 'campaign' then responses.contact_id end as campaign_contact_id,
    case when responses.response_source = 'receipt' then responses.contact_id end as message_id,
    responses.campaign_id,
    responses.customer_id,
    orders.order_id,
    responses.source_system,
    responses.source_response_id,
    responses.response_source,
    responses.match_rule,
    responses.channel,
    responses.response_type,
    responses.counted_type,
    responses.reason_code,
    {{ x_money('responses.value_amount') }} as value_amount,
    responses.currency_code,
    responses.match_rule <> 'none' as has_contact,
    responses.is_machine,
    responses.is_in_window,
    responses.responded_at
from responses
left join orders
    on responses.order_source_system = orders.source_system and responses.source_order_id = orders.source_order_id
