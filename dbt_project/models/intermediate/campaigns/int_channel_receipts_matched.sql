-- One row per receipt of a channel, with the message it is about: the message whose key it carries, else the latest
-- message before it to the exported customer at the same destination, else none. The person comes from the message,
-- else from the exported identifier through the aliases of retired identifiers, else from the receipt's own record.
with receipts as (

    select
        {{ x_key(["'receipt'", 'receipts.source_system', 'receipts.provider_event_id']) }} as campaign_response_id,
        receipts.*,
        customers.customer_id as exported_to_customer_id,
        people.customer_id as record_customer_id
    from {{ ref('stg_feedback__channel_receipts') }} as receipts
    left join {{ ref('stg_identity__customer_id_aliases') }} as aliases
        on receipts.exported_customer_id = aliases.retired_customer_id
    left join (select distinct customer_id from {{ ref('int_record_customers') }} where customer_id is not null) as customers
        on coalesce(aliases.customer_id, receipts.exported_customer_id) = customers.customer_id
    left join {{ ref('int_record_customers') }} as people on receipts.record_id = people.record_id

),

messages as (

    select * from {{ ref('int_messages_resolved') }}

),

keyed as (

    select
        receipts.campaign_response_id,
        messages.message_id,
        row_number() over (
            partition by receipts.campaign_response_id
            order by
                case when messages.destination_id = receipts.destination_id then 0 else 1 end,
                messages.sent_at desc nulls last,
                messages.message_id
        ) as candidate_rank
    from receipts
    inner join messages on receipts.message_key = messages.message_key

),

candidates as (

    select
        receipts.campaign_response_id,
        messages.message_id,
        row_number() over (
            partition by receipts.campaign_response_id
            order by messages.sent_at desc nulls last, messages.message_id
        ) as candidate_rank
    from receipts
    inner join messages
        on receipts.exported_to_customer_id = messages.customer_id
        and receipts.channel = messages.channel
        and messages.sent_at <= receipts.occurred_at
    left join keyed on receipts.campaign_response_id = keyed.campaign_response_id
    where
        keyed.campaign_response_id is null
        and messages.is_contact
        and coalesce(receipts.destination_id, messages.destination_id) = messages.destination_id
        and coalesce(receipts.audience_id, messages.audience_id) = messages.audience_id

),

matched as (

    select campaign_response_id, message_id, 'message' as match_rule from keyed where candidate_rank = 1
    union all
    select campaign_response_id, message_id, 'exported_customer' as match_rule from candidates where candidate_rank = 1

)

select
    receipts.campaign_response_id,
    matched.message_id,
    coalesce(messages.customer_id, receipts.exported_to_customer_id, receipts.record_customer_id) as customer_id,
    coalesce(matched.match_rule, 'none') as match_rule,
    receipts.source_system,
    receipts.provider_event_id,
    receipts.channel,
    receipts.response_type,
    receipts.reason_code,
    {{ x_money('coalesce(receipts.cost_amount, 0)') }} as cost_amount,
    coalesce(receipts.currency_code, '{{ var("currency_code") }}') as currency_code,
    coalesce(receipts.is_machine, false) as is_machine,
    messages.response_window_days,
    messages.sent_at,
    receipts.occurred_at as responded_at
from receipts
left join matched on receipts.campaign_response_id = matched.campaign_response_id
left join messages on matched.message_id = messages.message_id
