with journeys as (

    select journeys.*, orders.net_revenue_amount
    from {{ ref('fct_journeys') }} as journeys
    left join {{ ref('fct_orders') }} as orders on journeys.order_id = orders.order_id

)

select
    path,
    cast(count(*) as bigint) as journey_count,
    cast(count_if(status = 'converted') as bigint) as converted_count,
    cast(count_if(status = 'abandoned') as bigint) as abandoned_count,
    cast(count_if(status = 'open') as bigint) as open_count,
    cast(count(distinct customer_id) as bigint) as customer_count,
    -- Open journeys are left out of the ratio: they have not had the time to end.
    {{ x_ratio("count_if(status = 'converted')", "count_if(status in ('converted', 'abandoned'))") }} as conversion_ratio,
    {{ x_sum_money('net_revenue_amount') }} as net_revenue_amount,
    {{ x_ratio('sum(touch_count)', 'count(*)', 2) }} as average_touch_count,
    {{ x_ratio("sum(case when status = 'converted' then duration_seconds end)", "count_if(status = 'converted') * 86400", 2) }} as average_days_to_convert
from journeys
group by path
