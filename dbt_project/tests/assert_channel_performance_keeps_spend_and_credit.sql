-- Under every model the mart holds all advertising money and all attributed revenue, each exactly once.
with found as (

    select attribution_model, sum(ad_spend_amount) as ad_spend_amount, sum(attributed_amount) as attributed_amount
    from {{ ref('mart_channel_performance') }}
    group by attribution_model

),

spending as (

    select coalesce(sum(cost_amount), 0) as ad_spend_amount from {{ ref('stg_campaign__ad_spend') }}

),

credit as (

    select attribution_model, sum(attributed_amount) as attributed_amount
    from {{ ref('fct_attribution') }}
    group by attribution_model

)

select models.attribution_model
from ({{ attribution_models() }}) as models
cross join spending
left join found on models.attribution_model = found.attribution_model
left join credit on models.attribution_model = credit.attribution_model
where
    coalesce(found.ad_spend_amount, 0) <> spending.ad_spend_amount
    or coalesce(found.attributed_amount, 0) <> coalesce(credit.attributed_amount, 0)
