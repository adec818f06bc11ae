-- One row per customer whom a campaign contacted: how often, and what came back.
with contacts as (

    select * from {{ ref('fct_campaign_contacts') }} where customer_id is not null and is_sent

),

ranked as (

    select
        customer_id,
        campaign_id,
        channel,
        row_number() over (partition by customer_id order by contacted_at desc nulls last, campaign_contact_id) as recency_rank
    from contacts

),

totals as (

    select
        customer_id,
        count(*) as campaign_contact_count,
        count_if(is_responded) as campaign_response_count,
        count_if(is_converted) as campaign_conversion_count,
        count_if(unsubscribed_at is not null) as unsubscribe_count,
        count_if(complained_at is not null) as spam_complaint_count,
        max(contacted_at) as last_campaign_at,
        max(case when is_responded then coalesce(converted_at, replied_at, clicked_at) end) as last_response_at
    from contacts
    group by customer_id

)

select
    totals.customer_id,
    ranked.campaign_id as last_campaign_id,
    ranked.channel as last_campaign_channel,
    cast(totals.campaign_contact_count as bigint) as campaign_contact_count,
    cast(totals.campaign_response_count as bigint) as campaign_response_count,
    cast(totals.campaign_conversion_count as bigint) as campaign_conversion_count,
    cast(totals.unsubscribe_count as bigint) as unsubscribe_count,
    cast(totals.spam_complaint_count as bigint) as spam_complaint_count,
    totals.last_campaign_at,
    totals.last_response_at
from totals
inner join ranked on totals.customer_id = ranked.customer_id and ranked.recency_rank = 1
