-- One row per touch and per conversion of a customer, with the journey it belongs to. A journey ends with a
-- conversion, or when nothing happens for longer than the days of inactivity.
with orders as (

    select * from {{ ref('fct_orders') }} where customer_id is not null and not is_cancelled and not is_return

),

events as (

    select
        touch_id as event_id,
        customer_id,
        'touch' as step_type,
        channel,
        touch_type,
        campaign_id,
        cast(null as string) as order_id,
        0 as event_order,
        touched_at as occurred_at
    from {{ ref('fct_touches') }}
    where touched_at <= {{ as_of() }}
    union all
    select
        order_id as event_id,
        customer_id,
        'conversion' as step_type,
        sales_channel as channel,
        cast(null as string) as touch_type,
        cast(null as string) as campaign_id,
        order_id,
        -- At the same instant the touch comes first: it may have caused the purchase, never the reverse.
        1 as event_order,
        ordered_at as occurred_at
    from orders
    where ordered_at <= {{ as_of() }}

),

marked as (

    select
        *,
        lag(step_type) over (
            partition by customer_id order by occurred_at nulls last, event_order, event_id
        ) as previous_step_type,
        lag(occurred_at) over (
            partition by customer_id order by occurred_at nulls last, event_order, event_id
        ) as previous_occurred_at
    from events

),

numbered as (

    select
        *,
        sum(
            case
                when previous_occurred_at is null then 1
                when previous_step_type = 'conversion' then 1
                when {{ x_micros('occurred_at') }} - {{ x_micros('previous_occurred_at') }} > {{ var('journey_inactivity_days') }} * 86400000000 then 1
                else 0
            end
        ) over (
            partition by customer_id
            order by occurred_at nulls last, event_order, event_id
            rows between unbounded preceding and current row
        ) as journey_number
    from marked

)

select
    customer_id,
    cast(journey_number as bigint) as journey_number,
    event_id,
    step_type,
    channel,
    touch_type,
    campaign_id,
    order_id,
    cast(row_number() over (
        partition by customer_id, journey_number
        order by occurred_at nulls last, event_order, event_id
    ) as bigint) as step_position,
    occurred_at
from numbered
