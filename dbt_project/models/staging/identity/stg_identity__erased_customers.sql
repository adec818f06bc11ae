select
    customer_id,
    min(erased_at) as erased_at
from {{ source('identity', 'erased_customers') }}
where customer_id is not null
group by customer_id
