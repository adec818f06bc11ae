-- The company of a customer is one that a registration names today, and no relation ends before it begins.
select customers.customer_id
from {{ ref('dim_customers') }} as customers
left join {{ ref('bridge_customer_companies') }} as relations
    on customers.customer_id = relations.customer_id
    and customers.company_id = relations.company_id
    and relations.evidence = 'registration'
    and relations.is_current
where customers.company_id is not null and relations.customer_id is null
union all
select customer_id from {{ ref('bridge_customer_companies') }}
where valid_to < valid_from or is_current <> (valid_to is null)
