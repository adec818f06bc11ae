-- Rounded weights do not add up by themselves: the last touch of a conversion takes what is left to 1, and amounts
-- are differences of the rounded running credit, so that both sums are exact and no share is off by more than a cent.
with touched as (

    select * from {{ ref('int_conversions_touched') }}

),

decays as (

    select order_id, sum(decay) as decay_sum from touched group by order_id

),

models as (

    {{ attribution_models() }}

),

shared as (

    select
        touched.*,
        models.attribution_model,
        case models.attribution_model
            when 'first_touch' then case when touched.touch_position = 1 then cast(1 as double) else cast(0 as double) end
            when 'last_touch' then case when touched.touch_position = touched.touch_count then cast(1 as double) else cast(0 as double) end
            when 'linear' then cast(1 as double) / cast(touched.touch_count as double)
            when 'position_based' then
                case
                    when touched.touch_count = 1 then cast(1 as double)
                    when touched.touch_count = 2 then cast(0.5 as double)
                    when touched.touch_position in (1, touched.touch_count) then cast(0.4 as double)
                    else cast(0.2 as double) / cast(touched.touch_count - 2 as double)
                end
            else cast(touched.decay as double) / cast(decays.decay_sum as double)
        end as share
    from touched
    inner join decays on touched.order_id = decays.order_id
    cross join models

),

rounded as (

    select *, {{ x_round('share', 6) }} as rounded_weight
    from shared
    where attribution_model not in ('first_touch', 'last_touch') or share = 1

),

running as (

    select
        *,
        cast(sum(rounded_weight) over (
            partition by order_id, attribution_model
            order by touch_position
            rows between unbounded preceding and current row
        ) as decimal(18,6)) as running_weight
    from rounded

),

closed as (

    select
        *,
        cast(running_weight - rounded_weight as decimal(18,6)) as weight_before,
        case
            when touch_position = touch_count or attribution_model = 'first_touch' then cast(1 as decimal(18,6))
            else running_weight
        end as weight_until
    from running

),

credited as (

    select
        order_id,
        attribution_model,
        touch_position,
        touch_id,
        channel,
        campaign_id,
        touch_count,
        cast(weight_until - weight_before as decimal(18,6)) as weight,
        {{ x_money(x_money('net_revenue_amount * weight_until') ~ ' - ' ~ x_money('net_revenue_amount * weight_before')) }} as attributed_amount,
        currency_code,
        touched_at,
        ordered_at
    from closed

),

unattributed as (

    select
        orders.order_id,
        models.attribution_model,
        cast(0 as bigint) as touch_position,
        cast(null as string) as touch_id,
        'unattributed' as channel,
        cast(null as string) as campaign_id,
        cast(0 as bigint) as touch_count,
        cast(1 as decimal(18,6)) as weight,
        orders.net_revenue_amount as attributed_amount,
        orders.currency_code,
        cast(null as {{ x_timestamp_type() }}) as touched_at,
        orders.ordered_at
    from {{ ref('fct_orders') }} as orders
    left join decays on orders.order_id = decays.order_id
    cross join models
    where decays.order_id is null and not orders.is_cancelled and not orders.is_return

),

final as (

    select * from credited where weight > 0
    union all
    select * from unattributed

)

select * from final
