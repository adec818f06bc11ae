-- One row per campaign contact, with today's customer, its campaign and the days in which a response counts.
with contacts as (

    select * from {{ ref('stg_campaign__contacts') }}

),

campaigns as (

    select * from {{ ref('stg_campaign__campaigns') }}

),

people as (

    select record_id, customer_id from {{ ref('int_record_customers') }}

)

select
    {{ x_key(["'campaign_contact'", 'contacts.source_system', 'contacts.source_contact_id']) }} as campaign_contact_id,
    {{ x_key(["'campaign'", 'contacts.source_system', 'contacts.source_campaign_id']) }} as campaign_id,
    people.customer_id,
    -- A contact whose person nobody could resolve still meets its own responses through the person record.
    coalesce(people.customer_id, contacts.record_id) as person_key,
    contacts.source_system,
    contacts.source_contact_id,
    contacts.source_campaign_id,
    contacts.channel,
    coalesce(campaigns.purpose, 'marketing') as purpose,
    coalesce(contacts.status, 'sent') as send_status,
    contacts.message_variant,
    campaigns.subject_line as subject,
    cast(coalesce(campaigns.response_window_days, {{ var('no_response_days') }}) as bigint) as response_window_days,
    {{ x_money('coalesce(contacts.cost_amount, 0)') }} as cost_amount,
    coalesce(contacts.currency_code, campaigns.currency_code, '{{ var("currency_code") }}') as currency_code,
    coalesce(contacts.is_control, false) as is_control,
    coalesce(contacts.contacted_at, {{ x_day_start('campaigns.starts_on', var('timezone')) }}) as contacted_at
from contacts
left join campaigns
    on contacts.source_system = campaigns.source_system and contacts.source_campaign_id = campaigns.source_campaign_id
left join people on contacts.record_id = people.record_id
