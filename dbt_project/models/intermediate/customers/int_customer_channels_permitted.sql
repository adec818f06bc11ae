-- Where marketing reaches a customer: the channel's address or number is known, consent stands, nothing suppresses, and
-- nobody at the same address or number refused it. Exports apply the same conditions again when they send.
with contacts as (

    select customer_id, 'email' as consent_channel, lower(email) as contact_point, email is not null as is_known
    from {{ ref('customer_contacts') }}
    union all
    select customer_id, 'sms', phone, phone_is_mobile and phone is not null from {{ ref('customer_contacts') }}
    union all
    select customer_id, 'whatsapp', phone, phone_is_mobile and phone is not null from {{ ref('customer_contacts') }}
    union all
    select customer_id, 'phone', phone, phone is not null from {{ ref('customer_contacts') }}
    union all
    select customer_id, 'mail', cast(null as string), street is not null and postal_code is not null
    from {{ ref('customer_contacts') }}

),

permissions as (

    select customer_id, consent_channel, status
    from {{ ref('dim_customer_permissions') }}
    where purpose = 'marketing'

),

suppressions as (

    select
        customer_id,
        consent_channel,
        reason in ('hard_bounce', 'complaint', 'unsubscribed') as is_of_the_contact
    from {{ ref('dim_customer_suppressions') }}

),

refused as (

    select contacts.consent_channel, contacts.contact_point
    from contacts
    inner join permissions
        on contacts.customer_id = permissions.customer_id
        and contacts.consent_channel = permissions.consent_channel
        and permissions.status = 'revoked'
    where contacts.contact_point is not null
    union
    select contacts.consent_channel, contacts.contact_point
    from contacts
    inner join suppressions
        on contacts.customer_id = suppressions.customer_id
        and suppressions.consent_channel in (contacts.consent_channel, 'all')
        and suppressions.is_of_the_contact
    where contacts.contact_point is not null

)

select
    contacts.customer_id,
    contacts.consent_channel
from contacts
inner join permissions
    on contacts.customer_id = permissions.customer_id
    and contacts.consent_channel = permissions.consent_channel
    and permissions.status = 'granted'
anti join suppressions
    on contacts.customer_id = suppressions.customer_id
    and suppressions.consent_channel in (contacts.consent_channel, 'all')
anti join refused
    on contacts.consent_channel = refused.consent_channel
    and contacts.contact_point = refused.contact_point
where contacts.is_known
