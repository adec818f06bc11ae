-- Generated from data_contracts/feeds by `python -m data_contracts.generate`; edit the contracts instead.
with versions as (

    select * from {{ source('lake', 'campaign_responses') }}

),

{{ newest_versions() }}

select
    source_system,
    source_response_id,
    source_campaign_id,
    source_contact_id,
    customer_ref_system,
    customer_ref_id,
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
    channel,
    response_type,
    responded_at,
    source_order_id,
    order_source_system,
    value_amount,
    currency_code,
    url,
    is_machine,
    _record_id as record_id,
    _batch_id,
    _source_file,
    _source_row,
    _ingested_at
from newest
