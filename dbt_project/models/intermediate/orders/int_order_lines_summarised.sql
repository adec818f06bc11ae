with pos as (

    select
        'pos' as order_feed,
        source_system,
        source_sale_id as source_order_id,
        cast(count(*) as bigint) as line_count,
        cast(0 as decimal(18, 2)) as returned_amount
    from {{ ref('stg_pos__sale_lines') }}
    group by source_system, source_sale_id

),

ecommerce as (

    select
        'ecommerce' as order_feed,
        source_system,
        source_order_id,
        cast(count(*) as bigint) as line_count,
        {{ x_sum_money('returned_amount') }} as returned_amount
    from {{ ref('stg_ecommerce__order_lines') }}
    group by source_system, source_order_id

)

select * from pos
union all
select * from ecommerce
