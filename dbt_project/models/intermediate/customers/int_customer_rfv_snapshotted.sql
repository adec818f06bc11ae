-- Recency, frequency and value of every customer who bought in the window, as of the end of each recent month and as
-- of the run: always from the orders, never from what an earlier run stored, so a late order restates history.
-- A score is 1 plus the number of quantile edges strictly below the value, so equal values have equal scores; the edges
-- (20, 40, 60, 80 %) are taken over all customers of the snapshot, for each measure on its own.
{% set window_days = var('lapsed_after_days') %}
with snapshots as (

    select {{ as_of_date() }} as snapshot_on, true as is_latest
    union all
    select {{ x_date_add('months.day', -1) }} as snapshot_on, false as is_latest
    from {{ x_month_spine(x_add_months(as_of_date(), 1 - var('rfv_history_months')), as_of_date()) }} as months
    where {{ x_date_add('months.day', -1) }} < {{ as_of_date() }}

),

days as (

    select
        customer_id,
        order_date,
        count_if(is_purchase) as order_count,
        {{ x_sum_money("case when currency_code = '" ~ var('currency_code') ~ "' then net_revenue_amount end") }} as value_amount
    from {{ ref('fct_orders') }}
    where customer_id is not null and ordered_at <= {{ as_of() }}
    group by customer_id, order_date

),

measured as (

    select
        snapshots.snapshot_on,
        snapshots.is_latest,
        days.customer_id,
        max(case when days.order_count > 0 then days.order_date end) as last_order_on,
        sum(days.order_count) as order_count,
        sum(days.value_amount) as value_amount
    from days
    inner join snapshots
        on days.order_date <= snapshots.snapshot_on
        and days.order_date > {{ x_date_add('snapshots.snapshot_on', -window_days) }}
    group by snapshots.snapshot_on, snapshots.is_latest, days.customer_id
    having sum(days.order_count) > 0

),

aged as (

    select
        measured.*,
        {{ x_days_between('last_order_on', 'snapshot_on') }} as recency_days
    from measured

),

edges as (

    select
        snapshot_on,
        {% for measure in ['recency_days', 'order_count', 'value_amount'] -%}
        {% set measure_loop = loop -%}
        {% for share in [20, 40, 60, 80] -%}
        {{ x_quantile(measure, share / 100) }} as {{ measure }}_{{ share }}{{ ',' if not (loop.last and measure_loop.last) }}
        {% endfor -%}
        {% endfor %}
    from aged
    group by snapshot_on

),

scored as (

    select
        aged.*,
        {% for measure, name, is_better in [('recency_days', 'recency_score', '<'), ('order_count', 'frequency_score', '>'), ('value_amount', 'value_score', '>')] -%}
        cast(
            1
            {%- for share in [20, 40, 60, 80] %}
            + case when cast(aged.{{ measure }} as double) {{ is_better }} edges.{{ measure }}_{{ share }} then 1 else 0 end
            {%- endfor %}
            as bigint
        ) as {{ name }}{{ ',' if not loop.last }}
        {% endfor %}
    from aged
    inner join edges on aged.snapshot_on = edges.snapshot_on


),

named as (

    select
        scored.*,
        cast(recency_score * 100 + frequency_score * 10 + value_score as string) as rfv_cell
    from scored

)

select
    named.snapshot_on,
    named.is_latest,
    named.customer_id,
    named.rfv_cell,
    segments.rfv_segment,
    cast(named.recency_days as bigint) as recency_days,
    cast(named.order_count as bigint) as order_count,
    {{ x_money('named.value_amount') }} as value_amount,
    named.recency_score,
    named.frequency_score,
    named.value_score,
    named.last_order_on
from named
left join {{ ref('rfv_segments') }} as segments on named.rfv_cell = segments.rfv_cell
