-- Every version of every registration that the lake holds, of which staging keeps the newest.
select
    source_system,
    source_customer_id,
    source_company_id,
    company_role,
    company_decision_level,
    registered_at,
    deleted_at,
    updated_at,
    _row_hash,
    _batch_id,
    _source_file,
    _source_row
from {{ source('lake', 'crm_customers') }}
