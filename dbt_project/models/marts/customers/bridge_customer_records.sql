select
    records.record_id,
    people.customer_id,
    people.customer_id_source,
    records.source_system,
    records.source_customer_id,
    records.contract,
    records.is_master as is_registration,
    records.is_deleted,
    records.first_seen_at,
    records.last_seen_at
from {{ ref('stg_identity__customer_records') }} as records
inner join {{ ref('int_record_customers') }} as people on records.record_id = people.record_id
