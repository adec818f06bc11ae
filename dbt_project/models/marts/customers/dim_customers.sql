with customers as (

    select
        consolidated.*,
        case
            when birth_date >= date '1900-01-01' and birth_date <= {{ as_of_date() }} then birth_date
        end as likely_birth_date
    from {{ ref('int_customers_consolidated') }} as consolidated

),

aged as (

    select
        customers.*,
        {{ years_between('likely_birth_date', as_of_date()) }} as age_years
    from customers

),

sources as (

    select customer_id, min(customer_id_source) as customer_id_source
    from {{ ref('int_record_customers') }}
    group by customer_id

),

identifiers as (

    select * from {{ ref('stg_identity__customer_identifiers') }}

)

select
    aged.customer_id,
    aged.customer_kind,
    sources.customer_id_source,
    households.household_id,
    attributes.company_id,
    emails.identifier_hash as email_hash,
    phones.identifier_hash as phone_hash,
    documents.identifier_hash as document_hash,
    aged.document_kind,
    aged.gender,
    {{ age_band('coalesce(aged.age_years, ' ~ registered_age('attributes.age_band') ~ ')') }} as age_band,
    attributes.marital_status,
    attributes.education_level,
    attributes.occupation,
    aged.income_band,
    attributes.household_composition,
    attributes.home_ownership,
    attributes.interests,
    attributes.company_role,
    attributes.company_decision_level,
    aged.city,
    aged.state_code,
    {{ postal_prefix('aged.postal_code', 'aged.country_code') }} as postal_prefix,
    aged.country_code,
    aged.preferred_channel,
    attributes.acquisition_channel,
    {% for name in golden_fields() -%}
    aged.{{ name }}_record_id,
    aged.{{ name }}_source_system,
    aged.{{ name }}_rule,
    {% endfor -%}
    cast(year(aged.likely_birth_date) as bigint) as birth_year,
    attributes.household_size,
    aged.record_count,
    aged.source_system_count,
    aged.email is not null as has_email,
    aged.phone is not null as has_phone,
    aged.document_number is not null as has_document,
    aged.street is not null and aged.postal_code is not null as has_address,
    coalesce(aged.age_years < 18, false) as is_minor,
    coalesce(attributes.is_internal, false) as is_internal,
    erased.customer_id is not null or aged.is_every_registration_deleted as is_erased,
    {% for name in golden_fields() -%}
    aged.{{ name }}_spoken_at as {{ name }}_observed_at,
    {% endfor -%}
    attributes.registered_at,
    aged.first_seen_at,
    aged.last_seen_at
from aged
inner join sources on aged.customer_id = sources.customer_id
left join {{ ref('int_customer_attributes_consolidated') }} as attributes on aged.customer_id = attributes.customer_id
left join {{ ref('stg_identity__household_members') }} as households on aged.customer_id = households.customer_id
left join {{ ref('stg_identity__erased_customers') }} as erased on aged.customer_id = erased.customer_id
left join identifiers as emails
    on aged.email_record_id = emails.record_id and emails.identifier_kind = 'email' and aged.email_key = emails.identifier_value
left join identifiers as phones
    on aged.phone_record_id = phones.record_id and phones.identifier_kind = 'phone' and aged.phone_key = phones.identifier_value
left join identifiers as documents
    on aged.document_record_id = documents.record_id
    and documents.identifier_kind = 'document'
    and aged.document_number = documents.identifier_value
