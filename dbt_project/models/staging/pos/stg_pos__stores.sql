-- Generated from data_contracts/feeds by `python -m data_contracts.generate`; edit the contracts instead.
with versions as (

    select * from {{ source('lake', 'stores') }}

),

{{ newest_versions('updated_at') }}

select
    source_system,
    store_id,
    store_name,
    store_kind,
    city,
    state_code,
    postal_code,
    country_code,
    timezone,
    opened_on,
    updated_at,
    _record_id as record_id,
    _batch_id,
    _source_file,
    _source_row,
    _ingested_at
from newest
