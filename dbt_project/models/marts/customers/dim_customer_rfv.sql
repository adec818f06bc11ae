select
    customer_id,
    rfv_cell,
    rfv_segment,
    recency_days,
    order_count,
    value_amount,
    recency_score,
    frequency_score,
    value_score,
    last_order_on
from {{ ref('int_customer_rfv_snapshotted') }}
where is_latest
