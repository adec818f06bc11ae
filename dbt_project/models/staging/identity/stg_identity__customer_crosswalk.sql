select
    record_id,
    customer_id,
    customer_id_source,
    cluster_record_count,
    is_identified
from {{ source('identity', 'customer_crosswalk') }}
