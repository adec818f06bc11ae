-- Generated from data_contracts/feeds by `python -m data_contracts.generate`; edit the contracts instead.
with versions as (

    select * from {{ source('lake', 'activation_messages') }}

),

{{ newest_versions() }}

select
    source_system,
    message_key,
    sync_id,
    audience_id,
    destination_id,
    customer_id,
    channel,
    purpose,
    operation,
    sent_at,
    _record_id as record_id,
    _batch_id,
    _source_file,
    _source_row,
    _ingested_at
from newest
