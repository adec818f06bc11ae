with events as (

    select * from {{ ref('int_journey_events_numbered') }}

),

journeys as (

    select journey_id, customer_id, journey_number from {{ ref('fct_journeys') }}

)

select
    journeys.journey_id,
    events.step_position,
    events.customer_id,
    case when events.step_type = 'touch' then events.event_id end as touch_id,
    events.order_id,
    events.campaign_id,
    events.step_type,
    events.channel,
    events.touch_type,
    events.occurred_at
from events
inner join journeys on events.customer_id = journeys.customer_id and events.journey_number = journeys.journey_number
