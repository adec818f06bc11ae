-- A journey without a conversion is abandoned only once the days of inactivity have passed at the instant of the run;
-- until then nobody knows how it ends, and it is open.
with events as (

    select * from {{ ref('int_journey_events_numbered') }}

),

collapsed as (

    select
        *,
        -- The path says where the customer was, not how often: repeats in a row are one place.
        case
            when channel = lag(channel) over (partition by customer_id, journey_number order by step_position) then 0
            else 1
        end as is_new_channel
    from events
    where step_type = 'touch'

),

placed as (

    select
        *,
        row_number() over (partition by customer_id, journey_number order by step_position desc) as place_from_last
    from collapsed
    where is_new_channel = 1

),

paths as (

    select
        customer_id,
        journey_number,
        count(*) as place_count,
        {{ x_string_path('case when place_from_last <= 10 then channel end', 'step_position', ' > ') }} as path
    from placed
    group by customer_id, journey_number

),

totals as (

    select
        customer_id,
        journey_number,
        max(case when step_position = 1 then event_id end) as first_event_id,
        max(order_id) as order_id,
        count_if(step_type = 'touch') as touch_count,
        count(*) as step_count,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at
    from events
    group by customer_id, journey_number

)

select
    {{ x_key(["'journey'", 'totals.customer_id', 'totals.first_event_id']) }} as journey_id,
    totals.customer_id,
    totals.journey_number,
    totals.order_id,
    case
        when totals.order_id is not null then 'converted'
        when {{ x_micros(as_of()) }} - {{ x_micros('totals.ended_at') }} > {{ var('journey_inactivity_days') }} * 86400000000 then 'abandoned'
        else 'open'
    end as status,
    case
        when paths.path is null then '(none)'
        when paths.place_count > 10 then '... > ' || paths.path
        else paths.path
    end as path,
    cast(totals.touch_count as bigint) as touch_count,
    cast(totals.step_count as bigint) as step_count,
    {{ x_seconds_between('totals.started_at', 'totals.ended_at') }} as duration_seconds,
    totals.started_at,
    totals.ended_at
from totals
left join paths on totals.customer_id = paths.customer_id and totals.journey_number = paths.journey_number
