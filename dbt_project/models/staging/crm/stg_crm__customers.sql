-- Generated from data_contracts/feeds by `python -m data_contracts.generate`; edit the contracts instead.
with versions as (

    select * from {{ source('lake', 'crm_customers') }}

),

{{ newest_versions('updated_at') }}

select
    source_system,
    source_customer_id,
    customer_kind,
    person_name,
    document_number,
    email,
    email_secondary,
    phone,
    phone_secondary,
    birth_date,
    street,
    street_number,
    address_complement,
    district,
    city,
    state_code,
    postal_code,
    country_code,
    loyalty_card_id,
    account_id,
    device_id,
    gender,
    marital_status,
    education_level,
    occupation,
    income_band,
    household_size,
    age_band,
    household_composition,
    home_ownership,
    interests,
    preferred_channel,
    acquisition_channel,
    source_company_id,
    company_role,
    company_decision_level,
    is_internal,
    registered_at,
    deleted_at,
    updated_at,
    _record_id as record_id,
    _batch_id,
    _source_file,
    _source_row,
    _ingested_at
from newest
