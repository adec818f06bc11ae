select
    record_id,
    identifier_kind,
    identifier_value,
    identifier_hash,
    is_valid,
    is_blocked,
    block_reason
from {{ source('identity', 'customer_identifiers') }}
