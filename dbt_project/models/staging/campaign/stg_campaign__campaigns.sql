-- Generated from data_contracts/feeds by `python -m data_contracts.generate`; edit the contracts instead.
with versions as (

    select * from {{ source('lake', 'campaigns') }}

),

{{ newest_versions('updated_at') }}

select
    source_system,
    source_campaign_id,
    campaign_name,
    channel,
    objective,
    purpose,
    subject_line,
    message_text,
    offer_code,
    starts_on,
    ends_on,
    response_window_days,
    planned_cost_amount,
    currency_code,
    target_description,
    updated_at,
    _record_id as record_id,
    _batch_id,
    _source_file,
    _source_row,
    _ingested_at
from newest
