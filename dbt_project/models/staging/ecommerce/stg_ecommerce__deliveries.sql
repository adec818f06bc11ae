-- Generated from data_contracts/feeds by `python -m data_contracts.generate`; edit the contracts instead.
with versions as (

    select * from {{ source('lake', 'ecommerce_deliveries') }}

),

{{ newest_versions('updated_at') }}

select
    source_system,
    source_delivery_id,
    source_order_id,
    carrier_name,
    promised_on,
    promised_on_latest,
    shipped_at,
    delivered_at,
    status,
    updated_at,
    _record_id as record_id,
    _batch_id,
    _source_file,
    _source_row,
    _ingested_at
from newest
