-- Every touch and every order of a customer up to the run is one step of one journey; the steps of a journey are
-- numbered without gaps, belong to one customer, and only the last can be a conversion.
with steps as (

    select
        journey_id,
        count(*) as step_count,
        min(step_position) as first_position,
        max(step_position) as last_position,
        count(distinct customer_id) as customer_count,
        count_if(step_type = 'conversion') as conversion_count,
        max(case when step_type = 'conversion' then step_position end) as conversion_position
    from {{ ref('fct_journey_steps') }}
    group by journey_id

)

select coalesce(journeys.journey_id, steps.journey_id) as journey_id
from {{ ref('fct_journeys') }} as journeys
full outer join steps on journeys.journey_id = steps.journey_id
where
    steps.journey_id is null
    or journeys.journey_id is null
    or steps.step_count <> journeys.step_count
    or steps.first_position <> 1
    or steps.last_position <> steps.step_count
    or steps.customer_count <> 1
    or steps.conversion_count > 1
    or coalesce(steps.conversion_position, steps.last_position) <> steps.last_position
    or (steps.conversion_count = 1) <> (journeys.status = 'converted')
union all
select touches.touch_id as journey_id
from {{ ref('fct_touches') }} as touches
left join {{ ref('fct_journey_steps') }} as steps on touches.touch_id = steps.touch_id
where touches.touched_at <= {{ as_of() }} and steps.touch_id is null
union all
select orders.order_id as journey_id
from {{ ref('fct_orders') }} as orders
left join {{ ref('fct_journey_steps') }} as steps on orders.order_id = steps.order_id
where
    orders.customer_id is not null
    and not orders.is_cancelled
    and not orders.is_return
    and orders.ordered_at <= {{ as_of() }}
    and steps.order_id is null
