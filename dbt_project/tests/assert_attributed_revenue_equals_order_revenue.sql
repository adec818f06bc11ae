-- Every order that counts is credited under every model, to the cent; no other order is credited at all.
with conversions as (

    select orders.order_id, models.attribution_model, orders.net_revenue_amount
    from {{ ref('fct_orders') }} as orders
    cross join ({{ attribution_models() }}) as models
    where not orders.is_cancelled and not orders.is_return

),

credit as (

    select order_id, attribution_model, sum(attributed_amount) as attributed_amount
    from {{ ref('fct_attribution') }}
    group by order_id, attribution_model

)

select
    coalesce(conversions.order_id, credit.order_id) as order_id,
    coalesce(conversions.attribution_model, credit.attribution_model) as attribution_model
from conversions
full outer join credit
    on conversions.order_id = credit.order_id and conversions.attribution_model = credit.attribution_model
where conversions.net_revenue_amount is distinct from credit.attributed_amount
