select
    retired_customer_id,
    customer_id
from {{ source('identity', 'customer_id_aliases') }}
