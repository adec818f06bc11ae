select
    customer_id,
    household_id,
    household_source
from {{ source('identity', 'household_members') }}
