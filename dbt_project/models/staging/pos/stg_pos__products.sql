-- Generated from data_contracts/feeds by `python -m data_contracts.generate`; edit the contracts instead.
with versions as (

    select * from {{ source('lake', 'products') }}

),

{{ newest_versions('updated_at') }}

select
    source_system,
    product_id,
    product_name,
    product_kind,
    department_name,
    category_name,
    subcategory_name,
    brand_name,
    is_premium,
    list_price_amount,
    currency_code,
    is_active,
    updated_at,
    _record_id as record_id,
    _batch_id,
    _source_file,
    _source_row,
    _ingested_at
from newest
