-- From one month end to the next. Who had not bought yet is `prospect`, who bought but not within the window is
-- `lapsed`; of the prospects only those who became buyers are counted, because nobody knows how many there were.
with history as (

    select snapshot_on, customer_id, rfv_segment
    from {{ ref('int_customer_rfv_snapshotted') }}
    where not is_latest

),

months as (

    select
        snapshot_on as from_month_end_on,
        lead(snapshot_on) over (order by snapshot_on) as to_month_end_on
    from (select distinct snapshot_on from history) as days

),

steps as (

    select from_month_end_on, to_month_end_on from months where to_month_end_on is not null

),

buyers as (

    select customer_id, first_order_on
    from {{ ref('int_customer_orders_summarised') }}
    where first_order_on is not null

),

left_behind as (

    select steps.from_month_end_on, steps.to_month_end_on, history.customer_id, history.rfv_segment
    from steps
    inner join history on steps.from_month_end_on = history.snapshot_on

),

arrived as (

    select steps.from_month_end_on, steps.to_month_end_on, history.customer_id, history.rfv_segment
    from steps
    inner join history on steps.to_month_end_on = history.snapshot_on

),

moves as (

    select
        coalesce(left_behind.from_month_end_on, arrived.from_month_end_on) as from_month_end_on,
        coalesce(left_behind.to_month_end_on, arrived.to_month_end_on) as to_month_end_on,
        coalesce(
            left_behind.rfv_segment,
            case when buyers.first_order_on > arrived.from_month_end_on then 'prospect' else 'lapsed' end
        ) as from_segment,
        coalesce(arrived.rfv_segment, 'lapsed') as to_segment
    from left_behind
    full outer join arrived
        on left_behind.from_month_end_on = arrived.from_month_end_on
        and left_behind.customer_id = arrived.customer_id
    left join buyers on arrived.customer_id = buyers.customer_id

),

counted as (

    select from_month_end_on, to_month_end_on, from_segment, to_segment, count(*) as customer_count
    from moves
    group by from_month_end_on, to_month_end_on, from_segment, to_segment

),

ever as (

    select steps.from_month_end_on, steps.to_month_end_on, count(*) as customer_count
    from buyers
    inner join steps on buyers.first_order_on <= steps.from_month_end_on
    group by steps.from_month_end_on, steps.to_month_end_on

),

still_lapsed as (

    select
        ever.from_month_end_on,
        ever.to_month_end_on,
        'lapsed' as from_segment,
        'lapsed' as to_segment,
        max(ever.customer_count)
        - coalesce(sum(case when counted.from_segment <> 'prospect' then counted.customer_count end), 0) as customer_count
    from ever
    left join counted on ever.from_month_end_on = counted.from_month_end_on
    group by ever.from_month_end_on, ever.to_month_end_on

),

migrations as (

    select * from counted
    union all
    select * from still_lapsed where customer_count > 0

)

select
    from_month_end_on,
    to_month_end_on,
    from_segment,
    to_segment,
    cast(customer_count as bigint) as customer_count,
    cast(sum(customer_count) over (partition by from_month_end_on, from_segment) as bigint) as from_customer_count,
    {{ x_ratio('customer_count', 'sum(customer_count) over (partition by from_month_end_on, from_segment)') }} as share_ratio
from migrations
