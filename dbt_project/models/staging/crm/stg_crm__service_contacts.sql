-- Generated from data_contracts/feeds by `python -m data_contracts.generate`; edit the contracts instead.
with versions as (

    select * from {{ source('lake', 'crm_service_contacts') }}

),

{{ newest_versions('updated_at') }}

select
    source_system,
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
    direction,
    contact_type,
    protocol_number,
    source_case_id,
    subject,
    status,
    opened_at,
    answered_at,
    resolved_at,
    satisfaction_score,
    source_order_id,
    order_source_system,
    agent_id,
    queue_name,
    is_regulated,
    updated_at,
    _record_id as record_id,
    _batch_id,
    _source_file,
    _source_row,
    _ingested_at
from newest
