-- Every fact that carries a person joins this on record_id; a record that identifies nobody has no row here.
select
    record_id,
    customer_id,
    customer_id_source,
    cluster_record_count
from {{ ref('stg_identity__customer_crosswalk') }}
where customer_id is not null
