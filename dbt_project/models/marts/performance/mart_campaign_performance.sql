-- The effect is the difference of two observed shares, with the counts to judge it by. No significance is claimed: that
-- needs a design, which the feeds do not describe. Without a control group the effect is null, not zero.
with contacts as (

    select
        campaign_id,
        count_if(not is_control) as targeted_count,
        count_if(is_control) as control_count,
        count_if(is_sent) as sent_count,
        count_if(is_delivered) as delivered_count,
        count_if(is_opened and is_sent) as opened_count,
        count_if(is_responded) as responded_count,
        count_if(is_converted) as converted_count,
        count_if(outcome = 'undelivered') as undelivered_count,
        count_if(outcome = 'no_response') as no_response_count,
        count_if(outcome = 'pending') as pending_count,
        count_if(unsubscribed_at is not null) as unsubscribed_count,
        count_if(complained_at is not null) as complained_count,
        sum(case when is_sent then cost_amount end) as contact_cost_amount
    from {{ ref('fct_campaign_contacts') }}
    group by campaign_id

),

spending as (

    select
        {{ x_key(["'campaign'", 'source_system', 'source_campaign_id']) }} as campaign_id,
        sum(cost_amount) as ad_spend_amount
    from {{ ref('stg_campaign__ad_spend') }}
    where source_campaign_id <> 'none'
    group by source_system, source_campaign_id

),

groups as (

    select
        campaign_id,
        count_if(group_name = 'contacted') as contacted_customer_count,
        count_if(group_name = 'contacted' and has_bought) as contacted_buyer_count,
        sum(case when group_name = 'contacted' then net_revenue_amount end) as contacted_revenue_amount,
        count_if(group_name = 'control') as control_customer_count,
        count_if(group_name = 'control' and has_bought) as control_buyer_count,
        sum(case when group_name = 'control' then net_revenue_amount end) as control_revenue_amount,
        count_if(group_name = 'mixed') as mixed_customer_count
    from {{ ref('int_campaign_customers_compared') }}
    group by campaign_id

),

joined as (

    select
        campaigns.campaign_id, campaigns.source_system, campaigns.source_campaign_id, campaigns.campaign_name,
        campaigns.channel, campaigns.starts_on, campaigns.ends_on, campaigns.currency_code,
        coalesce(contacts.contact_cost_amount, 0) + coalesce(spending.ad_spend_amount, 0) as cost_amount,
        {% for name in ['targeted', 'control', 'sent', 'delivered', 'opened', 'responded', 'converted', 'undelivered', 'no_response', 'pending', 'unsubscribed', 'complained'] -%}
        cast(coalesce(contacts.{{ name }}_count, 0) as bigint) as {{ name }}_count,
        {% endfor -%}
        {% for name in ['contacted_customer', 'contacted_buyer', 'control_customer', 'control_buyer', 'mixed_customer'] -%}
        cast(coalesce(groups.{{ name }}_count, 0) as bigint) as {{ name }}_count,
        {% endfor -%}
        coalesce(groups.contacted_revenue_amount, 0) as contacted_revenue_amount,
        coalesce(groups.control_revenue_amount, 0) as control_revenue_amount
    from {{ ref('dim_campaigns') }} as campaigns
    left join contacts on campaigns.campaign_id = contacts.campaign_id
    left join spending on campaigns.campaign_id = spending.campaign_id
    left join groups on campaigns.campaign_id = groups.campaign_id

),

rated as (

    select
        *,
        {{ x_ratio('responded_count', 'sent_count - pending_count') }} as response_ratio,
        {{ x_ratio('contacted_buyer_count', 'contacted_customer_count') }} as contacted_buyer_ratio,
        {{ x_ratio('control_buyer_count', 'control_customer_count') }} as control_buyer_ratio,
        {{ x_ratio('contacted_revenue_amount', 'contacted_customer_count', 2) }} as contacted_average_revenue_amount,
        {{ x_ratio('control_revenue_amount', 'control_customer_count', 2) }} as control_average_revenue_amount
    from joined

)

select
    campaign_id, source_system, source_campaign_id, campaign_name, channel,
    targeted_count, control_count, sent_count, delivered_count, opened_count, responded_count, converted_count,
    undelivered_count, no_response_count, pending_count, unsubscribed_count, complained_count,
    {{ x_money('cost_amount') }} as cost_amount,
    currency_code,
    response_ratio,
    contacted_customer_count, contacted_buyer_count, control_customer_count, control_buyer_count, mixed_customer_count,
    contacted_buyer_ratio, control_buyer_ratio,
    cast(contacted_buyer_ratio - control_buyer_ratio as decimal(18,6)) as incremental_buyer_ratio,
    {{ x_round("cast(contacted_buyer_ratio - control_buyer_ratio as double) * contacted_customer_count", 2) }} as incremental_buyer_count,
    {{ x_money('contacted_average_revenue_amount') }} as contacted_average_revenue_amount,
    {{ x_money('control_average_revenue_amount') }} as control_average_revenue_amount,
    {{ x_money('contacted_average_revenue_amount - control_average_revenue_amount') }} as incremental_average_revenue_amount,
    starts_on, ends_on
from rated
