-- A product id is the company's own: when two catalogues describe it, the one updated last speaks.
with catalogues as (

    select
        products.*,
        row_number() over (partition by product_id order by updated_at desc nulls last, source_system) as catalogue_rank
    from {{ ref('stg_pos__products') }} as products

),

sold as (

    select product_id from {{ ref('stg_pos__sale_lines') }}
    union
    select product_id from {{ ref('stg_ecommerce__order_lines') }}
    union
    select product_id from {{ ref('stg_crm__contracts') }} where product_id is not null

),

registered as (

    select * from catalogues where catalogue_rank = 1

)

select
    coalesce(registered.product_id, sold.product_id) as product_id,
    registered.source_system,
    registered.product_name,
    registered.product_kind,
    registered.department_name,
    registered.category_name,
    registered.subcategory_name,
    registered.brand_name,
    registered.currency_code,
    registered.list_price_amount,
    registered.product_id is not null as is_registered,
    coalesce(registered.is_premium, false) as is_premium,
    coalesce(registered.is_active, false) as is_active
from registered
full outer join sold on registered.product_id = sold.product_id
