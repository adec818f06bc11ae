-- The shares of every conversion add up to exactly one under every model, attributed or not.
select order_id, attribution_model, sum(weight) as weight_sum
from {{ ref('fct_attribution') }}
group by order_id, attribution_model
having sum(weight) <> 1
