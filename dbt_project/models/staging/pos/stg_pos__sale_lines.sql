-- Generated from data_contracts/feeds by `python -m data_contracts.generate`; edit the contracts instead.
with versions as (

    select * from {{ source('lake', 'pos_sale_lines') }}

),

{{ newest_versions('updated_at') }}

select
    source_system,
    source_sale_id,
    line_number,
    product_id,
    sold_at,
    quantity,
    unit_list_price_amount,
    discount_amount,
    net_amount,
    currency_code,
    updated_at,
    _record_id as record_id,
    _batch_id,
    _source_file,
    _source_row,
    _ingested_at
from newest
