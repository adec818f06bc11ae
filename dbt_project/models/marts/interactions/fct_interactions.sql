-- Every contact of every channel, in and out. A person of the control group was not contacted and has no row; changes
-- to and removals from a list at a destination reach nobody and have none either.
with service as (

    select
        {{ x_key(["'service'", 'service_contact_id']) }} as interaction_id,
        customer_id, channel, direction, 'service' as interaction_type, status, answer_status as outcome, source_system,
        source_contact_id as source_interaction_id, subject, cast(null as string) as campaign_id, order_id, case_id,
        protocol_number, contact_type, opened_at as occurred_at
    from {{ ref('fct_service_contacts') }}

),

purchases as (

    select
        {{ x_key(["'receipt'", 'receipt_id']) }} as interaction_id,
        customer_id, channel, 'inbound' as direction, receipt_type as interaction_type, status, receipt_type as outcome,
        source_system, source_receipt_id as source_interaction_id, cast(null as string) as subject,
        cast(null as string) as campaign_id, order_id, cast(null as string) as case_id,
        cast(null as string) as protocol_number, cast(null as string) as contact_type, occurred_at
    from {{ ref('int_receipts_identified') }}

),

visits as (

    select
        {{ x_key(["'visit'", 'session_id']) }} as interaction_id,
        customer_id, channel, 'inbound' as direction, 'visit' as interaction_type, 'completed' as status, outcome,
        source_system, source_session_id as source_interaction_id, cast(null as string) as subject,
        cast(null as string) as campaign_id, cast(null as string) as order_id, cast(null as string) as case_id,
        cast(null as string) as protocol_number, cast(null as string) as contact_type, started_at as occurred_at
    from {{ ref('int_sessions_summarised') }}

),

campaigns as (

    select
        {{ x_key(["'campaign'", 'contacts.campaign_contact_id']) }} as interaction_id,
        contacts.customer_id, contacts.channel, 'outbound' as direction, 'campaign' as interaction_type,
        contacts.status, contacts.outcome, contacts.source_system, contacts.source_contact_id as source_interaction_id,
        campaigns.subject_line as subject, contacts.campaign_id, cast(null as string) as order_id,
        cast(null as string) as case_id, cast(null as string) as protocol_number, cast(null as string) as contact_type,
        contacts.contacted_at as occurred_at
    from {{ ref('fct_campaign_contacts') }} as contacts
    left join {{ ref('dim_campaigns') }} as campaigns on contacts.campaign_id = campaigns.campaign_id
    where not contacts.is_control

),

messages as (

    select
        {{ x_key(["'message'", 'messages.message_id']) }} as interaction_id,
        messages.customer_id, messages.channel, 'outbound' as direction, 'activation' as interaction_type,
        statuses.status, statuses.outcome, messages.source_system, messages.message_key as source_interaction_id,
        messages.audience_id as subject, cast(null as string) as campaign_id, cast(null as string) as order_id,
        cast(null as string) as case_id, cast(null as string) as protocol_number, cast(null as string) as contact_type,
        messages.sent_at as occurred_at
    from {{ ref('int_messages_resolved') }} as messages
    inner join {{ ref('int_contact_statuses_ranked') }} as statuses on messages.message_id = statuses.contact_id

),

final as (

    select * from service
    union all
    select * from purchases
    union all
    select * from visits
    union all
    select * from campaigns
    union all
    select * from messages

)

select
    interaction_id,
    customer_id,
    channel,
    direction,
    interaction_type,
    status,
    outcome,
    source_system,
    source_interaction_id,
    subject,
    campaign_id,
    order_id,
    case_id,
    protocol_number,
    contact_type,
    occurred_at
from final
