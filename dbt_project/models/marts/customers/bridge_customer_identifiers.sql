select
    people.customer_id,
    identifiers.identifier_kind,
    identifiers.identifier_hash,
    max(identifiers.block_reason) as block_reason,
    cast(count(distinct identifiers.record_id) as bigint) as record_count,
    bool_or(coalesce(identifiers.is_valid, false)) as is_valid,
    bool_or(coalesce(identifiers.is_blocked, false)) as is_blocked
from {{ ref('stg_identity__customer_identifiers') }} as identifiers
inner join {{ ref('int_record_customers') }} as people on identifiers.record_id = people.record_id
where identifiers.identifier_hash is not null
group by people.customer_id, identifiers.identifier_kind, identifiers.identifier_hash
