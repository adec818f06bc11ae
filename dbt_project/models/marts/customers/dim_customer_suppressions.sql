-- Why marketing may not go out, whatever was consented to. A bounce on an address or number that has been replaced
-- since no longer counts; an opt-out counts until a later consent on any channel, and then the consents decide.
with customers as (

    select * from {{ ref('dim_customers') }}

),

standing as (

    -- The identifier of an erased person is in no other table; it stays here so that no destination may keep it.
    select customer_id, 'all' as consent_channel, 'erased' as reason, erased_at as since_at
    from {{ ref('stg_identity__erased_customers') }}
    union all
    select customers.customer_id, 'all', 'erased', customers.last_seen_at
    from customers
    anti join {{ ref('stg_identity__erased_customers') }} as erased on customers.customer_id = erased.customer_id
    where customers.is_erased
    union all
    select customer_id, 'all', 'internal', first_seen_at from customers where is_internal
    union all
    select customer_id, 'all', 'minor', first_seen_at from customers where is_minor

),

bounces as (

    select
        receipts.customer_id,
        channels.consent_channel,
        max(receipts.responded_at) as since_at
    from (
        select customer_id, channel, response_type, responded_at from {{ ref('int_channel_receipts_matched') }}
        union all
        select customer_id, channel, response_type, responded_at from {{ ref('int_campaign_responses_matched') }}
    ) as receipts
    inner join {{ ref('int_channels_declared') }} as channels on receipts.channel = channels.channel
    where
        receipts.response_type = 'bounce_hard'
        and channels.consent_channel <> 'none'
        and receipts.customer_id is not null
        and receipts.responded_at <= {{ as_of() }}
    group by receipts.customer_id, channels.consent_channel

),

standing_bounces as (

    select
        bounces.customer_id,
        bounces.consent_channel,
        'hard_bounce' as reason,
        bounces.since_at
    from bounces
    inner join {{ ref('int_customers_consolidated') }} as contacts on bounces.customer_id = contacts.customer_id
    where coalesce(
        case bounces.consent_channel
            when 'email' then contacts.email_spoken_at
            when 'phone' then contacts.phone_spoken_at
            when 'sms' then contacts.phone_spoken_at
            when 'whatsapp' then contacts.phone_spoken_at
            when 'mail' then contacts.address_spoken_at
        end,
        bounces.since_at
    ) <= bounces.since_at

),

decisions as (

    select
        customer_id,
        max(case when opt_out_kind = 'complaint' then decided_at end) as complained_at,
        max(case when opt_out_kind = 'unsubscribe' then decided_at end) as unsubscribed_at,
        max(case when status = 'granted' and purpose in ('marketing', 'all') then decided_at end) as granted_at
    from {{ ref('int_customer_consents_unioned') }}
    group by customer_id

),

opt_outs as (

    select customer_id, 'all' as consent_channel, 'complaint' as reason, complained_at as since_at
    from decisions
    where complained_at is not null
    union all
    select customer_id, 'all', 'unsubscribed', unsubscribed_at
    from decisions
    where unsubscribed_at >= coalesce(granted_at, unsubscribed_at)

),

open_complaints as (

    select customer_id, 'all' as consent_channel, 'open_complaint' as reason, min(opened_at) as since_at
    from {{ ref('fct_service_contacts') }}
    where customer_id is not null and contact_type = 'complaint' and is_open
    group by customer_id

)

select * from standing
union all
select * from standing_bounces
union all
select * from opt_outs
union all
select * from open_complaints
