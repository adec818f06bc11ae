-- Generated from data_contracts/feeds by `python -m data_contracts.generate`; edit the contracts instead.
with versions as (

    select * from {{ source('lake', 'ecommerce_events') }}

),

{{ newest_versions() }}

select
    source_system,
    source_event_id,
    customer_ref_system,
    customer_ref_id,
    device_id,
    event_type,
    occurred_at,
    session_id,
    channel,
    page_path,
    product_id,
    source_order_id,
    referrer_host,
    utm_source,
    utm_medium,
    utm_campaign,
    _record_id as record_id,
    _batch_id,
    _source_file,
    _source_row,
    _ingested_at
from newest
