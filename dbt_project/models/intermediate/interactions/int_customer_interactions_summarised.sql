-- One row per customer with an interaction: first and last contact, in either direction. What was only planned, or
-- never left, is no contact.
with interactions as (

    select
        customer_id, interaction_id, channel, direction, interaction_type, occurred_at,
        row_number() over (
            partition by customer_id
            order by occurred_at desc nulls last, interaction_id
        ) as recency_rank,
        row_number() over (
            partition by customer_id, direction
            order by occurred_at desc nulls last, interaction_id
        ) as recency_rank_of_direction
    from {{ ref('fct_interactions') }}
    where customer_id is not null and outcome <> 'not_sent' and occurred_at <= {{ as_of() }}

)

select
    customer_id,
    max(case when recency_rank = 1 then channel end) as last_interaction_channel,
    max(case when recency_rank = 1 then interaction_type end) as last_interaction_type,
    max(case when direction = 'inbound' and recency_rank_of_direction = 1 then channel end) as last_inbound_channel,
    max(case when direction = 'outbound' and recency_rank_of_direction = 1 then channel end) as last_outbound_channel,
    cast(count(*) as bigint) as interaction_count,
    cast(count_if(direction = 'inbound') as bigint) as inbound_count,
    cast(count_if(direction = 'outbound') as bigint) as outbound_count,
    cast(count(distinct channel) as bigint) as channel_count,
    min(occurred_at) as first_interaction_at,
    max(occurred_at) as last_interaction_at,
    max(case when direction = 'inbound' then occurred_at end) as last_inbound_at,
    max(case when direction = 'outbound' then occurred_at end) as last_outbound_at
from interactions
group by customer_id
