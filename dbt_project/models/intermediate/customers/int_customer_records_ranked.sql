-- Every identified record in the two orders by which a field of the golden record is chosen: whom we trust most
-- (registrations before evidence, then the newest), and who spoke last. Deleted registrations come last in both.
-- An identifier that a guard blocks (a store's e-mail) or that is not valid is nobody's, so it is emptied here.
with records as (

    select
        records.*,
        people.customer_id,
        coalesce(records.updated_at, records.last_seen_at) as spoken_at
    from {{ ref('stg_identity__customer_records') }} as records
    inner join {{ ref('int_record_customers') }} as people on records.record_id = people.record_id

),

refused as (

    select record_id, identifier_kind, identifier_value
    from {{ ref('stg_identity__customer_identifiers') }}
    where (is_blocked or not is_valid) and identifier_kind in ('document', 'email', 'phone')

),

ranked as (

    select
        records.*,
        row_number() over (
            partition by customer_id
            order by
                case when is_deleted then 1 else 0 end,
                case when is_master then 0 else 1 end,
                spoken_at desc nulls last,
                record_id
        ) as trust_order,
        row_number() over (
            partition by customer_id
            order by
                case when is_deleted then 1 else 0 end,
                spoken_at desc nulls last,
                case when is_master then 0 else 1 end,
                record_id
        ) as recent_order
    from records

)

select
    ranked.record_id,
    ranked.customer_id,
    ranked.trust_order,
    ranked.recent_order,
    ranked.source_system,
    ranked.source_customer_id,
    ranked.contract,
    ranked.customer_kind,
    ranked.full_name,
    ranked.given_name,
    ranked.family_name,
    case when documents.record_id is null then ranked.document_number end as document_number,
    case when documents.record_id is null then ranked.document_kind end as document_kind,
    case when emails.record_id is null and ranked.email_key is not null then ranked.email end as email,
    ranked.email_key,
    case when phones.record_id is null and ranked.phone_key is not null then ranked.phone end as phone,
    ranked.phone_key,
    coalesce(ranked.phone_is_mobile, false) as phone_is_mobile,
    nullif(ranked.gender, 'unknown') as gender,
    ranked.street,
    ranked.street_number,
    ranked.address_complement,
    ranked.district,
    ranked.city,
    ranked.state_code,
    ranked.postal_code,
    ranked.country_code,
    ranked.is_master,
    ranked.is_deleted,
    ranked.birth_date,
    ranked.spoken_at,
    ranked.first_seen_at,
    ranked.last_seen_at
from ranked
left join refused as documents
    on ranked.record_id = documents.record_id
    and documents.identifier_kind = 'document'
    and ranked.document_number = documents.identifier_value
left join refused as emails
    on ranked.record_id = emails.record_id
    and emails.identifier_kind = 'email'
    and ranked.email_key = emails.identifier_value
left join refused as phones
    on ranked.record_id = phones.record_id
    and phones.identifier_kind = 'phone'
    and ranked.phone_key = phones.identifier_value
