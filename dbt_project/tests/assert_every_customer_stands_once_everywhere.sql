-- The customers of the crosswalk, dim_customers, dim_customer_value and customer_360 are the same ones.
with crosswalk as (

    select distinct customer_id from {{ ref('int_record_customers') }}

)

select crosswalk.customer_id, customers.customer_id as customer_id_found
from crosswalk
full outer join {{ ref('dim_customers') }} as customers on crosswalk.customer_id = customers.customer_id
full outer join {{ ref('dim_customer_value') }} as value on customers.customer_id = value.customer_id
full outer join {{ ref('customer_360') }} as summaries on customers.customer_id = summaries.customer_id
where
    crosswalk.customer_id is null
    or customers.customer_id is null
    or value.customer_id is null
    or summaries.customer_id is null
