select
    record_id,
    change_number,
    old_customer_id,
    new_customer_id,
    run_id,
    changed_at,
    reason,
    evidence
from {{ source('identity', 'customer_id_history') }}
