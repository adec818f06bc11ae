select
    source_system,
    source_company_id,
    company_id,
    company_id_source,
    document_number,
    document_root
from {{ source('identity', 'company_crosswalk') }}
