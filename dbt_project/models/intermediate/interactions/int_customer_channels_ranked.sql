-- One row per customer and channel on which something was sent to the customer, best first: smoothed response ratio,
-- then purchases on the channel, then the last contact. Consent is not looked at here: activation decides that last.
with channels as (

    select * from {{ ref('dim_customer_channels') }} where contact_count > 0

),

ranked as (

    select
        customer_id,
        channel,
        row_number() over (
            partition by customer_id
            order by smoothed_response_ratio desc nulls last, order_count desc, last_contact_at desc nulls last, channel
        ) as channel_rank,
        contact_count,
        response_count,
        order_count,
        smoothed_response_ratio
    from channels

)

select
    customer_id,
    channel,
    cast(channel_rank as bigint) as channel_rank,
    channel_rank = 1 as is_best,
    contact_count,
    response_count,
    order_count,
    smoothed_response_ratio
from ranked
