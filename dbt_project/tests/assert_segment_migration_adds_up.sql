-- Shares of one segment add up to 1 (to rounding), and who arrives in a segment in one month is who leaves from it in
-- the next.
with leaving as (

    select from_month_end_on as month_end_on, from_segment as segment, sum(customer_count) as customer_count, sum(share_ratio) as share
    from {{ ref('mart_segment_migration') }}
    group by from_month_end_on, from_segment

),

arriving as (

    select to_month_end_on as month_end_on, to_segment as segment, sum(customer_count) as customer_count
    from {{ ref('mart_segment_migration') }}
    group by to_month_end_on, to_segment

)

select leaving.month_end_on, leaving.segment, leaving.customer_count, arriving.customer_count as arrived_count
from leaving
left join arriving on leaving.month_end_on = arriving.month_end_on and leaving.segment = arriving.segment
where
    abs(leaving.share - 1) > 0.0001
    or (
        leaving.segment <> 'prospect'
        and leaving.month_end_on > (select min(month_end_on) from leaving)
        and leaving.customer_count <> coalesce(arriving.customer_count, 0)
    )
