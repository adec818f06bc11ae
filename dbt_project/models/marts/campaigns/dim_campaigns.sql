-- Campaigns of the feed, and those that only contacts, responses or spending name: nothing points at nowhere.
with declared as (

    select * from {{ ref('stg_campaign__campaigns') }}

),

mentioned as (

    select source_system, source_campaign_id, channel, cast(null as string) as currency_code
    from {{ ref('stg_campaign__contacts') }}
    union all
    select source_system, source_campaign_id, channel, cast(null as string) as currency_code
    from {{ ref('stg_campaign__responses') }}
    where source_campaign_id is not null
    union all
    select source_system, source_campaign_id, channel, currency_code
    from {{ ref('stg_campaign__ad_spend') }}
    where source_campaign_id <> 'none'

),

inferred as (

    select mentioned.source_system, mentioned.source_campaign_id, min(mentioned.channel) as channel, min(mentioned.currency_code) as currency_code
    from mentioned
    left join declared
        on mentioned.source_system = declared.source_system and mentioned.source_campaign_id = declared.source_campaign_id
    where declared.source_campaign_id is null
    group by mentioned.source_system, mentioned.source_campaign_id

),

final as (

    select
        source_system, source_campaign_id, campaign_name, channel, objective, coalesce(purpose, 'marketing') as purpose,
        subject_line, offer_code, target_description, response_window_days, planned_cost_amount, currency_code,
        false as is_inferred, starts_on, ends_on
    from declared
    union all
    select
        source_system, source_campaign_id, source_campaign_id as campaign_name, channel, cast(null as string) as objective,
        'marketing' as purpose, cast(null as string) as subject_line, cast(null as string) as offer_code,
        cast(null as string) as target_description, cast(null as bigint) as response_window_days,
        cast(null as decimal(18,2)) as planned_cost_amount, currency_code,
        true as is_inferred, cast(null as date) as starts_on, cast(null as date) as ends_on
    from inferred

)

select
    {{ x_key(["'campaign'", 'source_system', 'source_campaign_id']) }} as campaign_id,
    source_system,
    source_campaign_id,
    campaign_name,
    channel,
    objective,
    purpose,
    subject_line,
    offer_code,
    target_description,
    cast(coalesce(response_window_days, {{ var('no_response_days') }}) as bigint) as response_window_days,
    {{ x_money('planned_cost_amount') }} as planned_cost_amount,
    coalesce(currency_code, '{{ var("currency_code") }}') as currency_code,
    is_inferred,
    starts_on,
    ends_on
from final
