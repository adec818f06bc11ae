select
    record_id,
    change_number,
    run_id,
    old_customer_id,
    new_customer_id,
    reason,
    evidence,
    changed_at
from {{ ref('stg_identity__customer_id_history') }}
