with segments as (

    select
        customer_id,
        {{ x_string_set('segment_name', ',') }} as segment_names
    from {{ ref('dim_customer_segments') }}
    where segment_kind = 'declared'
    group by customer_id

)

select
    customers.*,
    segments.segment_names
from {{ ref('int_customers_summarised') }} as customers
left join segments on customers.customer_id = segments.customer_id
