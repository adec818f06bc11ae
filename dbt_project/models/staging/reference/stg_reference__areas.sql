-- Generated from data_contracts/feeds by `python -m data_contracts.generate`; edit the contracts instead.
with versions as (

    select * from {{ source('lake', 'reference_areas') }}

),

{{ newest_versions('updated_at') }}

select
    source_system,
    area_type,
    area_code,
    country_code,
    area_name,
    population_count,
    median_income_amount,
    currency_code,
    urban_class,
    reference_year,
    updated_at,
    _record_id as record_id,
    _batch_id,
    _source_file,
    _source_row,
    _ingested_at
from newest
