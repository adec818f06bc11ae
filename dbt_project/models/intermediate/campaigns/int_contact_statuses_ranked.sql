-- One row per campaign contact and per message sent to a customer, with its status and outcome at the instant of the
-- run. The order in which responses arrived plays no part: the status is a maximum, the instants are minima.
with contacts as (

    select campaign_contact_id as contact_id, send_status, is_control, response_window_days, contacted_at
    from {{ ref('int_campaign_contacts_resolved') }}
    union all
    select message_id as contact_id, 'sent' as send_status, false as is_control, response_window_days, sent_at as contacted_at
    from {{ ref('int_messages_resolved') }}
    where is_contact

),

answers as (

    select
        contact_id,
        max({{ response_rank('counted_type') }}) as response_rank,
        count(*) as response_count,
        min(case when {{ response_rank('counted_type') }} between 30 and 70 then responded_at end) as delivered_at,
        min(case when counted_type = 'open' then responded_at end) as opened_at,
        min(case when counted_type = 'click' then responded_at end) as clicked_at,
        min(case when counted_type = 'reply' then responded_at end) as replied_at,
        min(case when counted_type in ('redemption', 'conversion') then responded_at end) as converted_at,
        min(case when counted_type in ('bounce_hard', 'bounce_soft', 'blocked') then responded_at end) as bounced_at,
        min(case when counted_type = 'unsubscribe' then responded_at end) as unsubscribed_at,
        min(case when counted_type = 'complaint' then responded_at end) as complained_at
    from {{ ref('int_responses_counted') }}
    where contact_id is not null
    group by contact_id

),

ranked as (

    select
        contacts.contact_id,
        contacts.is_control,
        greatest({{ send_status_rank('contacts.send_status') }}, coalesce(answers.response_rank, 0)) as status_rank,
        coalesce(answers.response_count, 0) as response_count,
        coalesce({{ x_micros(as_of()) }} - {{ x_micros('contacts.contacted_at') }} > contacts.response_window_days * 86400000000, false) as is_window_closed,
        answers.delivered_at,
        answers.opened_at,
        answers.clicked_at,
        answers.replied_at,
        answers.converted_at,
        answers.bounced_at,
        answers.unsubscribed_at,
        answers.complained_at
    from contacts
    left join answers on contacts.contact_id = answers.contact_id

)

select
    contact_id,
    case
        when is_control then 'control'
        when status_rank in (20, 30) and is_window_closed then 'no_response'
        else {{ status_of_rank('status_rank') }}
    end as status,
    case
        when is_control then 'not_contacted'
        when converted_at is not null then 'converted'
        when unsubscribed_at is not null or complained_at is not null then 'rejected'
        when replied_at is not null or clicked_at is not null then 'responded'
        when status_rank in (10, 12, 14) then 'not_sent'
        when status_rank in (25, 80, 85) then 'undelivered'
        when is_window_closed then 'no_response'
        else 'pending'
    end as outcome,
    cast(response_count as bigint) as response_count,
    is_control,
    not is_control and status_rank >= 20 as is_sent,
    not is_control and (status_rank between 30 and 70 or status_rank >= 90) as is_delivered,
    not is_control and coalesce(converted_at, replied_at, clicked_at) is not null as is_responded,
    is_window_closed,
    delivered_at,
    opened_at,
    clicked_at,
    replied_at,
    converted_at,
    bounced_at,
    unsubscribed_at,
    complained_at
from ranked
