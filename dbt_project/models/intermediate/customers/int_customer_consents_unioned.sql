-- Every decision about being contacted: those that the CRM recorded, and the opt-outs that came back from a channel.
-- Who unsubscribes, or reports a message as spam, wants no more marketing anywhere: the opt-out counts for all channels
-- until a later decision says otherwise.
with crm as (

    select
        people.customer_id,
        coalesce(consents.channel, 'all') as consent_channel,
        coalesce(consents.purpose, 'all') as purpose,
        consents.status,
        consents.legal_basis,
        consents.decided_at,
        consents.source_system,
        'crm' as consent_source,
        cast(null as string) as opt_out_kind,
        {{ x_key(["'consent'", 'consents.source_system', 'consents.source_consent_id']) }} as decision_id
    from {{ ref('stg_crm__consents') }} as consents
    inner join {{ ref('int_record_customers') }} as people on consents.record_id = people.record_id

),

receipts as (

    select customer_id, response_type, responded_at, source_system, campaign_response_id, 'receipt' as consent_source
    from {{ ref('int_channel_receipts_matched') }}
    where response_type in ('unsubscribe', 'complaint')

),

responses as (

    select customer_id, response_type, responded_at, source_system, campaign_response_id, 'response' as consent_source
    from {{ ref('int_campaign_responses_matched') }}
    where response_type in ('unsubscribe', 'complaint')

),

opt_outs as (

    select * from receipts
    union all
    select * from responses

),

decisions as (

    select * from crm
    union all
    select
        customer_id,
        'all' as consent_channel,
        'marketing' as purpose,
        'revoked' as status,
        cast(null as string) as legal_basis,
        responded_at as decided_at,
        source_system,
        consent_source,
        response_type as opt_out_kind,
        campaign_response_id as decision_id
    from opt_outs

)

select * from decisions where customer_id is not null and decided_at <= {{ as_of() }}
