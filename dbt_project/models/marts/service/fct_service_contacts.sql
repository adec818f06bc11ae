-- A case is the thread that the source names, else the contacts of one protocol, else the contact alone. Praise,
-- information and suggestions end with their answer; a complaint or a request stays open until it is resolved.
with contacts as (

    select
        contacts.*,
        people.customer_id,
        coalesce(contacts.direction, 'inbound') as contact_direction,
        case
            when contacts.source_case_id is not null then 'case:' || contacts.source_case_id
            when contacts.protocol_number is not null then 'protocol:' || contacts.protocol_number
            else 'contact:' || contacts.source_contact_id
        end as case_reference,
        coalesce(
            contacts.status,
            case
                when contacts.resolved_at is not null then 'resolved'
                when contacts.answered_at is not null then 'answered'
                else 'open'
            end
        ) as case_status,
        -- A resolution without an answer of its own is the answer.
        least(coalesce(contacts.answered_at, contacts.resolved_at), coalesce(contacts.resolved_at, contacts.answered_at)) as first_answered_at,
        {{ x_add_days('contacts.opened_at', var('service_answer_days')) }} as answer_due_at
    from {{ ref('stg_crm__service_contacts') }} as contacts
    left join {{ ref('int_record_customers') }} as people on contacts.record_id = people.record_id

),

identified as (

    select
        {{ x_key(["'service_contact'", 'source_system', 'source_contact_id']) }} as service_contact_id,
        {{ x_key(["'case'", 'source_system', 'case_reference']) }} as case_id,
        contacts.*,
        case
            when contact_direction = 'outbound' then 'not_applicable'
            when first_answered_at <= answer_due_at then 'in_time'
            when first_answered_at is not null then 'late'
            when case_status = 'cancelled' then 'not_applicable'
            when answer_due_at < {{ as_of() }} then 'overdue'
            else 'pending'
        end as answer_status,
        case
            when case_status in ('resolved', 'cancelled') or resolved_at is not null then false
            when case_status = 'answered' or first_answered_at is not null then contact_type in ('complaint', 'request')
            else true
        end as is_open
    from contacts

),

threaded as (

    select
        identified.*,
        row_number() over (
            partition by case_id order by opened_at nulls last, service_contact_id
        ) as contact_number_in_case,
        lag(service_contact_id) over (
            partition by case_id order by opened_at nulls last, service_contact_id
        ) as previous_contact_id_in_case,
        lead(opened_at) over (
            partition by case_id order by opened_at nulls last, service_contact_id
        ) as next_opened_at_in_case,
        -- Contacts of nobody known have no predecessor: each is its own partition.
        lag(service_contact_id) over (
            partition by coalesce(customer_id, service_contact_id) order by opened_at nulls last, service_contact_id
        ) as previous_contact_id_of_customer
    from identified

),

orders as (

    select source_system, source_order_id, min(order_id) as order_id
    from {{ ref('fct_orders') }}
    group by source_system, source_order_id

)

select
    threaded.service_contact_id,
    threaded.customer_id,
    threaded.case_id,
    threaded.protocol_number,
    threaded.previous_contact_id_of_customer,
    threaded.previous_contact_id_in_case,
    orders.order_id,
    threaded.source_system,
    threaded.source_contact_id,
    threaded.source_case_id,
    threaded.channel,
    threaded.contact_direction as direction,
    threaded.contact_type,
    threaded.case_status as status,
    threaded.answer_status,
    threaded.subject,
    threaded.queue_name,
    cast(threaded.contact_number_in_case as bigint) as contact_number_in_case,
    cast(threaded.satisfaction_score as bigint) as satisfaction_score,
    {{ x_seconds_between('threaded.opened_at', 'threaded.first_answered_at') }} as answer_seconds,
    threaded.answer_status = 'in_time' as is_answered_in_time,
    threaded.answer_status in ('in_time', 'late', 'overdue') as is_answer_due,
    threaded.answer_status in ('late', 'overdue') as is_breach,
    threaded.is_open,
    -- Reopened: the case was resolved, and the customer came back about it within the days of grace.
    coalesce(
        threaded.next_opened_at_in_case > threaded.resolved_at
        and threaded.next_opened_at_in_case <= {{ x_add_days('threaded.resolved_at', var('reopen_days')) }},
        false
    ) as is_reopened,
    coalesce(threaded.is_regulated, false) as is_regulated,
    threaded.opened_at,
    threaded.first_answered_at as answered_at,
    threaded.resolved_at,
    threaded.answer_due_at
from threaded
left join orders
    on coalesce(threaded.order_source_system, threaded.source_system) = orders.source_system
    and threaded.source_order_id = orders.source_order_id
