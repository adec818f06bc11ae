-- Generated from data_contracts/feeds by `python -m data_contracts.generate`; edit the contracts instead.
with versions as (

    select * from {{ source('lake', 'ad_spend') }}

),

{{ newest_versions('updated_at') }}

select
    source_system,
    spend_date,
    channel,
    source_campaign_id,
    impression_count,
    click_count,
    cost_amount,
    currency_code,
    updated_at,
    _record_id as record_id,
    _batch_id,
    _source_file,
    _source_row,
    _ingested_at
from newest
