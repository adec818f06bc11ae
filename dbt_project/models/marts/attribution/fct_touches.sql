-- What may have moved a customer to buy: messages that arrived, visits with their source, and questions asked before
-- buying. A medium that never reports deliveries (print, many phone campaigns) is taken at its sender's word; else
-- only those who answered would count, and every print campaign would look perfect.
with reporting as (

    select distinct source_system, channel
    from {{ ref('fct_campaign_responses') }}
    where response_source = 'campaign' and response_type in ('delivered', 'open')

),

contacts as (

    select
        contacts.campaign_contact_id as touch_id,
        contacts.customer_id,
        contacts.channel,
        'campaign' as touch_type,
        contacts.campaign_id,
        contacts.is_responded or contacts.is_opened as is_response,
        least(
            coalesce(contacts.opened_at, contacts.clicked_at, contacts.replied_at, contacts.contacted_at),
            coalesce(contacts.clicked_at, contacts.opened_at, contacts.replied_at, contacts.contacted_at),
            coalesce(contacts.replied_at, contacts.opened_at, contacts.clicked_at, contacts.contacted_at)
        ) as touched_at
    from {{ ref('fct_campaign_contacts') }} as contacts
    left join reporting
        on contacts.source_system = reporting.source_system and contacts.channel = reporting.channel
    where
        contacts.customer_id is not null
        and contacts.is_sent
        and contacts.outcome <> 'undelivered'
        and (contacts.is_delivered or reporting.channel is null)

),

messages as (

    select
        messages.message_id as touch_id,
        messages.customer_id,
        messages.channel,
        'activation' as touch_type,
        cast(null as string) as campaign_id,
        statuses.is_responded or statuses.opened_at is not null as is_response,
        least(
            coalesce(statuses.opened_at, statuses.clicked_at, messages.sent_at),
            coalesce(statuses.clicked_at, statuses.opened_at, messages.sent_at)
        ) as touched_at
    from {{ ref('int_messages_resolved') }} as messages
    inner join {{ ref('int_contact_statuses_ranked') }} as statuses on messages.message_id = statuses.contact_id
    where messages.customer_id is not null and statuses.is_delivered

),

campaign_names as (

    -- Tags carry the source's campaign identifier without its issuer: only an unambiguous one is a campaign.
    select source_campaign_id, min(campaign_id) as campaign_id
    from {{ ref('dim_campaigns') }}
    group by source_campaign_id
    having count(*) = 1

),

visits as (

    select
        sessions.session_id as touch_id,
        sessions.customer_id,
        sessions.source_channel as channel,
        'visit' as touch_type,
        campaign_names.campaign_id,
        true as is_response,
        sessions.started_at as touched_at
    from {{ ref('int_sessions_summarised') }} as sessions
    left join campaign_names on sessions.source_campaign_id = campaign_names.source_campaign_id
    where sessions.customer_id is not null

),

clicked as (

    select distinct customer_id, campaign_id, channel from contacts

),

questions as (

    select
        service_contact_id as touch_id,
        customer_id,
        channel,
        'service' as touch_type,
        cast(null as string) as campaign_id,
        true as is_response,
        opened_at as touched_at
    from {{ ref('fct_service_contacts') }}
    where customer_id is not null and direction = 'inbound' and contact_type = 'information' and order_id is null

),

final as (

    select * from contacts
    union all
    select * from messages
    union all
    -- The visit that a campaign's link opened is the click of that contact, not a second touch.
    select visits.*
    from visits
    left join clicked
        on visits.customer_id = clicked.customer_id
        and visits.campaign_id = clicked.campaign_id
        and visits.channel = clicked.channel
    where clicked.customer_id is null
    union all
    select * from questions

)

select
    touch_id,
    customer_id,
    channel,
    touch_type,
    campaign_id,
    channel = 'direct' as is_direct,
    is_response,
    touched_at
from final
