-- One row per customer with a service contact: the last contact and what is still open.
with contacts as (

    select
        *,
        row_number() over (partition by customer_id order by opened_at desc nulls last, service_contact_id) as recency_rank
    from {{ ref('fct_service_contacts') }}
    where customer_id is not null

),

protocols as (

    select
        customer_id,
        protocol_number,
        row_number() over (partition by customer_id order by opened_at desc nulls last, service_contact_id) as recency_rank
    from contacts
    where protocol_number is not null

),

totals as (

    select
        customer_id,
        count(*) as service_contact_count,
        count_if(contact_type = 'complaint') as complaint_count,
        count(distinct case when is_open then case_id end) as open_case_count,
        count(distinct case when is_open and contact_type = 'complaint' then case_id end) as open_complaint_count,
        min(case when is_open then opened_at end) as oldest_open_at
    from contacts
    group by customer_id

)

select
    totals.customer_id,
    contacts.service_contact_id as last_service_contact_id,
    contacts.case_id as last_case_id,
    contacts.channel as last_contact_channel,
    contacts.contact_type as last_contact_type,
    contacts.status as last_contact_status,
    protocols.protocol_number as last_protocol_number,
    cast(totals.service_contact_count as bigint) as service_contact_count,
    cast(totals.complaint_count as bigint) as complaint_count,
    cast(totals.open_case_count as bigint) as open_case_count,
    cast(totals.open_complaint_count as bigint) as open_complaint_count,
    contacts.opened_at as last_contact_at,
    totals.oldest_open_at
from totals
inner join contacts on totals.customer_id = contacts.customer_id and contacts.recency_rank = 1
left join protocols on totals.customer_id = protocols.customer_id and protocols.recency_rank = 1
