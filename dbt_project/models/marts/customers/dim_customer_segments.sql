-- Two kinds of segment. An RFV segment is known for every snapshot of the order history, so its spells have days of
-- entering and leaving: the first snapshot in which the customer was, or no longer was, in it (none when the spell began
-- before the snapshots do). A declared segment is an
-- expression over the customer as of the run; the past values of its columns are not kept, so when a customer entered it
-- cannot be known from the data, and entered_on is empty rather than the day of some first run.
with snapshots as (

    select
        snapshot_on,
        row_number() over (order by snapshot_on) as snapshot_number
    from (select distinct snapshot_on from {{ ref('int_customer_rfv_snapshotted') }}) as days

),

numbered as (

    select
        history.customer_id,
        history.rfv_segment,
        snapshots.snapshot_number,
        snapshots.snapshot_number - row_number() over (
            partition by history.customer_id, history.rfv_segment
            order by history.snapshot_on
        ) as spell_number
    from {{ ref('int_customer_rfv_snapshotted') }} as history
    inner join snapshots on history.snapshot_on = snapshots.snapshot_on

),

spells as (

    select
        customer_id,
        rfv_segment,
        min(snapshot_number) as first_snapshot,
        max(snapshot_number) as last_snapshot
    from numbered
    group by customer_id, rfv_segment, spell_number

),

rfv as (

    select
        spells.customer_id,
        'rfv' as segment_kind,
        spells.rfv_segment as segment_name,
        next_snapshots.snapshot_on is null as is_current,
        case when spells.first_snapshot > 1 then entered.snapshot_on end as entered_on,
        next_snapshots.snapshot_on as left_on
    from spells
    inner join snapshots as entered on spells.first_snapshot = entered.snapshot_number
    left join snapshots as next_snapshots on spells.last_snapshot + 1 = next_snapshots.snapshot_number

),

declared as (

    {% for segment in var('segments') -%}
    select
        customer_id,
        'declared' as segment_kind,
        {{ x_text(segment.name) }} as segment_name
    from {{ ref('int_customers_summarised') }}
    where {{ segment.where }}
    union all
    {% endfor -%}
    select
        cast(null as string) as customer_id,
        'declared' as segment_kind,
        cast(null as string) as segment_name
    from {{ ref('int_customers_summarised') }}
    where false

),

segments as (

    select * from rfv
    union all
    select customer_id, segment_kind, segment_name, true as is_current, cast(null as date) as entered_on, cast(null as date) as left_on
    from declared

)

select
    {{ x_key(['customer_id', 'segment_kind', 'segment_name', 'left_on']) }} as customer_segment_id,
    customer_id,
    segment_kind,
    segment_name,
    is_current,
    entered_on,
    left_on
from segments
