with contacts as (

    select * from {{ ref('int_campaign_contacts_resolved') }}

),

statuses as (

    select * from {{ ref('int_contact_statuses_ranked') }}

)

select
    contacts.campaign_contact_id,
    contacts.campaign_id,
    contacts.customer_id,
    contacts.source_system,
    contacts.source_contact_id,
    contacts.channel,
    contacts.purpose,
    contacts.message_variant,
    statuses.status,
    statuses.outcome,
    contacts.response_window_days,
    statuses.response_count,
    contacts.cost_amount,
    contacts.currency_code,
    contacts.is_control,
    statuses.is_sent,
    statuses.is_delivered,
    statuses.opened_at is not null as is_opened,
    statuses.is_responded,
    statuses.converted_at is not null and not contacts.is_control as is_converted,
    statuses.is_window_closed,
    contacts.contacted_at,
    statuses.delivered_at,
    statuses.opened_at,
    statuses.clicked_at,
    statuses.replied_at,
    statuses.converted_at,
    statuses.bounced_at,
    statuses.unsubscribed_at,
    statuses.complained_at
from contacts
inner join statuses on contacts.campaign_contact_id = statuses.contact_id
