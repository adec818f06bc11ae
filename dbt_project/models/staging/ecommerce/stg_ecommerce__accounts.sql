-- Generated from data_contracts/feeds by `python -m data_contracts.generate`; edit the contracts instead.
with versions as (

    select * from {{ source('lake', 'ecommerce_accounts') }}

),

{{ newest_versions('updated_at') }}

select
    source_system,
    source_account_id,
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
    preferred_channel,
    acquisition_channel,
    registered_at,
    deleted_at,
    updated_at,
    _record_id as record_id,
    _batch_id,
    _source_file,
    _source_row,
    _ingested_at
from newest
