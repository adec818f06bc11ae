-- Every identified record in the two orders by which a field of the golden record is chosen: whom we trust most
-- (trusted sources in their order, registrations before evidence, then the newest), and who spoke last. Deleted
-- registrations come last in both.
-- An identifier that a guard blocks (a store's e-mail) or that is not valid is nobody's, so it is emptied here.
with refused as (

    select record_id, identifier_kind, identifier_value
    from {{ ref('stg_identity__customer_identifiers') }}
    where (is_blocked or not is_valid) and identifier_kind in ('document', 'email', 'phone')

),

-- What only a registration can state: a wish or an income, not who somebody is.
stated as (

    select record_id, preferred_channel, income_band
    from {{ ref('stg_crm__customers') }}
    where coalesce(preferred_channel, income_band) is not null
    union all
    select record_id, preferred_channel, cast(null as string) as income_band
    from {{ ref('stg_ecommerce__accounts') }}
    where preferred_channel is not null

),

-- Narrow on purpose: the windows sort every record, and the fields are fetched afterwards.
ranked as (

    select
        records.record_id,
        people.customer_id,
        row_number() over (
            partition by people.customer_id
            order by
                case when records.is_deleted then 1 else 0 end,
                {{ source_trust('records.source_system') }},
                case when records.is_master then 0 else 1 end,
                coalesce(records.updated_at, records.last_seen_at) desc nulls last,
                records.source_system,
                records.record_id
        ) as trust_order,
        row_number() over (
            partition by people.customer_id
            order by
                case when records.is_deleted then 1 else 0 end,
                coalesce(records.updated_at, records.last_seen_at) desc nulls last,
                case when records.is_master then 0 else 1 end,
                {{ source_trust('records.source_system') }},
                records.source_system,
                records.record_id
        ) as recent_order
    from {{ ref('stg_identity__customer_records') }} as records
    inner join {{ ref('int_record_customers') }} as people on records.record_id = people.record_id

)

select
    ranked.record_id,
    ranked.customer_id,
    ranked.trust_order,
    ranked.recent_order,
    records.source_system,
    records.source_customer_id,
    records.contract,
    records.customer_kind,
    records.full_name,
    records.given_name,
    records.family_name,
    case when documents.record_id is null then records.document_number end as document_number,
    case when documents.record_id is null then records.document_kind end as document_kind,
    case when emails.record_id is null and records.email_key is not null then records.email end as email,
    records.email_key,
    case when phones.record_id is null and records.phone_key is not null then records.phone end as phone,
    records.phone_key,
    coalesce(records.phone_is_mobile, false) as phone_is_mobile,
    nullif(records.gender, 'unknown') as gender,
    stated.preferred_channel,
    stated.income_band,
    records.street,
    records.street_number,
    records.address_complement,
    records.district,
    records.city,
    records.state_code,
    records.postal_code,
    records.country_code,
    records.is_master,
    records.is_deleted,
    records.birth_date,
    coalesce(records.updated_at, records.last_seen_at) as spoken_at,
    records.first_seen_at,
    records.last_seen_at
from ranked
inner join {{ ref('stg_identity__customer_records') }} as records on ranked.record_id = records.record_id
left join stated on ranked.record_id = stated.record_id
left join refused as documents
    on ranked.record_id = documents.record_id
    and documents.identifier_kind = 'document'
    and records.document_number = documents.identifier_value
left join refused as emails
    on ranked.record_id = emails.record_id
    and emails.identifier_kind = 'email'
    and records.email_key = emails.identifier_value
left join refused as phones
    on ranked.record_id = phones.record_id
    and phones.identifier_kind = 'phone'
    and records.phone_key = phones.identifier_value
