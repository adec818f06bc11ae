-- One row per row that was sent to a destination, with today's customer. Changes and removals of a list are kept,
-- because receipts may name them, but only additions and sends reach a customer.
with messages as (

    select * from {{ ref('stg_feedback__activation_messages') }}

),

aliases as (

    select retired_customer_id, customer_id from {{ ref('stg_identity__customer_id_aliases') }}

),

customers as (

    select distinct customer_id from {{ ref('int_record_customers') }} where customer_id is not null

)

select
    {{ x_key(["'message'", 'messages.source_system', 'messages.message_key']) }} as message_id,
    -- Null when nobody holds the identifier today: the person was erased.
    customers.customer_id,
    messages.customer_id as exported_customer_id,
    messages.source_system,
    messages.message_key,
    messages.audience_id,
    messages.destination_id,
    messages.channel,
    messages.purpose,
    messages.operation,
    cast({{ var('no_response_days') }} as bigint) as response_window_days,
    messages.operation in ('add', 'send') as is_contact,
    messages.sent_at
from messages
left join aliases on messages.customer_id = aliases.retired_customer_id
left join customers on coalesce(aliases.customer_id, messages.customer_id) = customers.customer_id
