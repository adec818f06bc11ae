-- Generated from data_contracts/feeds by `python -m data_contracts.generate`; edit the contracts instead.
with versions as (

    select * from {{ source('lake', 'crm_companies') }}

),

{{ newest_versions('updated_at') }}

select
    source_system,
    source_company_id,
    company_name,
    trade_name,
    document_number,
    website,
    email_domain,
    phone,
    industry_code,
    industry_name,
    market_segment,
    employee_count,
    size_band,
    annual_revenue_amount,
    currency_code,
    street,
    street_number,
    city,
    state_code,
    postal_code,
    country_code,
    registered_at,
    updated_at,
    _record_id as record_id,
    _batch_id,
    _source_file,
    _source_row,
    _ingested_at
from newest
