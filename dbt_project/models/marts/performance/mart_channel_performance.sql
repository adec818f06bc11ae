-- Spending and credit meet in the month, channel, currency and attribution model. Every pair of spending and model has
-- a row, so a channel that was paid for and sold nothing shows a return of zero instead of not showing at all.
with models as (

    {{ attribution_models() }}

),

spending as (

    select
        {{ x_month_start('spend_date') }} as performance_month, channel, currency_code,
        cost_amount as ad_spend_amount, cast(0 as decimal(18,2)) as contact_cost_amount,
        coalesce(impression_count, 0) as impression_count, coalesce(click_count, 0) as click_count
    from {{ ref('stg_campaign__ad_spend') }}
    union all
    select
        {{ x_month_start(local_date('contacted_at')) }} as performance_month, channel, currency_code,
        cast(0 as decimal(18,2)) as ad_spend_amount, cost_amount as contact_cost_amount,
        cast(0 as bigint) as impression_count, cast(0 as bigint) as click_count
    from {{ ref('fct_campaign_contacts') }}
    where is_sent and cost_amount <> 0
    union all
    select
        {{ x_month_start(local_date('responded_at')) }} as performance_month, channel, currency_code,
        cast(0 as decimal(18,2)) as ad_spend_amount, cost_amount as contact_cost_amount,
        cast(0 as bigint) as impression_count, cast(0 as bigint) as click_count
    from {{ ref('int_channel_receipts_matched') }}
    where cost_amount <> 0

),

monthly_spending as (

    select
        performance_month,
        channel,
        currency_code,
        sum(ad_spend_amount) as ad_spend_amount,
        sum(contact_cost_amount) as contact_cost_amount,
        sum(impression_count) as impression_count,
        sum(click_count) as click_count
    from spending
    group by performance_month, channel, currency_code

),

credit as (

    select
        {{ x_month_start(local_date('ordered_at')) }} as performance_month,
        channel,
        currency_code,
        attribution_model,
        sum(weight) as conversion_count,
        sum(attributed_amount) as attributed_amount
    from {{ ref('fct_attribution') }}
    group by 1, 2, 3, 4

),

keys as (

    select monthly_spending.performance_month, monthly_spending.channel, monthly_spending.currency_code, models.attribution_model
    from monthly_spending
    cross join models
    union
    select performance_month, channel, currency_code, attribution_model from credit

),

joined as (

    select
        keys.*,
        coalesce(spent.ad_spend_amount, 0) as ad_spend_amount,
        coalesce(spent.contact_cost_amount, 0) as contact_cost_amount,
        coalesce(spent.ad_spend_amount, 0) + coalesce(spent.contact_cost_amount, 0) as spend_amount,
        coalesce(spent.impression_count, 0) as impression_count,
        coalesce(spent.click_count, 0) as click_count,
        coalesce(credit.conversion_count, 0) as conversion_count,
        coalesce(credit.attributed_amount, 0) as attributed_amount
    from keys
    left join monthly_spending as spent
        on keys.performance_month = spent.performance_month
        and keys.channel = spent.channel
        and keys.currency_code = spent.currency_code
    left join credit
        on keys.performance_month = credit.performance_month
        and keys.channel = credit.channel
        and keys.currency_code = credit.currency_code
        and keys.attribution_model = credit.attribution_model

)

select
    performance_month,
    channel,
    currency_code,
    attribution_model,
    {{ x_money('ad_spend_amount') }} as ad_spend_amount,
    {{ x_money('contact_cost_amount') }} as contact_cost_amount,
    {{ x_money('spend_amount') }} as spend_amount,
    cast(impression_count as bigint) as impression_count,
    cast(click_count as bigint) as click_count,
    cast(conversion_count as decimal(18,6)) as conversion_count,
    {{ x_money('attributed_amount') }} as attributed_amount,
    {{ x_ratio('attributed_amount', 'spend_amount') }} as return_on_spend_ratio,
    case when spend_amount > 0 then {{ x_money(x_ratio('spend_amount', 'conversion_count', 2)) }} end as cost_per_conversion_amount
from joined
