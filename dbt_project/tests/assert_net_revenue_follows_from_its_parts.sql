-- Net revenue is net amount less what came back, and nothing when the order was cancelled; for orders and for lines.
select order_id as id, net_amount, returned_amount, net_revenue_amount
from {{ ref('fct_orders') }}
where net_revenue_amount <> case when is_cancelled then 0 else net_amount - returned_amount end
union all
select order_line_id, net_amount, returned_amount, net_revenue_amount
from {{ ref('fct_order_lines') }}
where net_revenue_amount <> case when is_cancelled then 0 else net_amount - returned_amount end
