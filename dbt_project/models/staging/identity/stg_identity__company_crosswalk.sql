select
    source_system,
    source_company_id,
    company_id,
    company_id_source,
    document_number,
    document_root,
    mail_domain
from {{ source('identity', 'company_crosswalk') }}
