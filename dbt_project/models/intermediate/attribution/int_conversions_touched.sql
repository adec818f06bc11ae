-- One row per conversion and touch that may share its credit, numbered from the first. A touch counts when it is at
-- most the lookback before the conversion, by the clock and not by calendar days, and (reset_after_conversion) after
-- the customer's previous conversion. Direct visits count only when there is nothing else. The last 1,000 touches
-- are kept: more in one window is a machine, and equal shares of six decimals would no longer be fair.
{%- set reset_after_conversion = var('attribution_reset_after_conversion', true) %}
with conversions as (

    select
        order_id,
        customer_id,
        net_revenue_amount,
        currency_code,
        ordered_at,
        lag(ordered_at) over (partition by customer_id order by ordered_at nulls last, order_id) as previous_ordered_at
    from {{ ref('fct_orders') }}
    where customer_id is not null and not is_cancelled and not is_return

),

pairs as (

    select
        conversions.order_id,
        conversions.net_revenue_amount,
        conversions.currency_code,
        conversions.ordered_at,
        touches.touch_id,
        touches.channel,
        touches.campaign_id,
        touches.is_direct,
        touches.touched_at,
        bool_or(not touches.is_direct) over (partition by conversions.order_id) as has_other_than_direct
    from conversions
    inner join {{ ref('fct_touches') }} as touches
        on conversions.customer_id = touches.customer_id
        and touches.touched_at <= conversions.ordered_at
        and touches.touched_at >= {{ x_add_days('conversions.ordered_at', -(var('attribution_lookback_days') | int)) }}
        {% if reset_after_conversion -%}
        and (conversions.previous_ordered_at is null or touches.touched_at > conversions.previous_ordered_at)
        {%- endif %}

),

numbered as (

    select
        *,
        row_number() over (partition by order_id order by touched_at desc nulls last, touch_id desc) as position_from_last,
        count(*) over (partition by order_id) as eligible_count,
        max(touched_at) over (partition by order_id) as last_touched_at
    from pairs
    where not is_direct or not has_other_than_direct

),

kept as (

    select
        *,
        least(eligible_count, 1000) as touch_count
    from numbered
    where position_from_last <= 1000

)

select
    order_id,
    touch_id,
    channel,
    campaign_id,
    cast(touch_count - position_from_last + 1 as bigint) as touch_position,
    cast(touch_count as bigint) as touch_count,
    net_revenue_amount,
    currency_code,
    -- Half-life of seven days, counted from the last touch: the share is the same as counted from the conversion,
    -- and a path that is old as a whole does not vanish in the rounding.
    {{ x_round("pow(2, cast(" ~ x_micros('touched_at') ~ " - " ~ x_micros('last_touched_at') ~ " as double) / 604800000000)", 12) }} as decay,
    touched_at,
    ordered_at
from kept
