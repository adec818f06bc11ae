select
    identifier_kind,
    identifier_hash,
    record_count,
    distinct_name_count,
    limit_count,
    decision,
    reason
from {{ source('identity', 'guard_decisions') }}
