-- A return lowers the sale that it names, when that sale is known, is a sale, and is in the same currency: amounts of
-- two currencies cannot be taken from each other. Any other return stands alone as an order of its own.
with receipts as (

    select * from {{ ref('stg_pos__sales') }}

),

sales as (

    select source_system, source_sale_id, currency_code
    from receipts
    where coalesce(sale_type, 'sale') <> 'return'

)

select
    receipts.source_system,
    receipts.source_sale_id,
    sales.source_sale_id as matched_source_sale_id,
    receipts.record_id,
    receipts.store_id,
    receipts.coupon_code,
    receipts.payment_method,
    receipts.currency_code,
    receipts.net_amount,
    coalesce(receipts.status, 'completed') = 'cancelled' as is_cancelled,
    receipts.sold_at
from receipts
left join sales
    on receipts.source_system = sales.source_system
    and receipts.original_source_sale_id = sales.source_sale_id
    and receipts.currency_code = sales.currency_code
where receipts.sale_type = 'return'
