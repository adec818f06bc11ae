-- Every line of the feeds is one line of the mart, and its value stands there once: as net amount, or for a line of a
-- return receipt as returned amount (nothing for a return that was cancelled).
with fed as (

    select
        lines.currency_code,
        case when coalesce(returns.is_cancelled, false) then 0 else lines.net_amount end as value_amount
    from {{ ref('stg_pos__sale_lines') }} as lines
    left join {{ ref('int_pos_returns_matched') }} as returns
        on lines.source_system = returns.source_system and lines.source_sale_id = returns.source_sale_id
    union all
    select currency_code, net_amount from {{ ref('stg_ecommerce__order_lines') }}

),

expected as (

    select currency_code, count(*) as line_count, sum(value_amount) as value_amount
    from fed
    group by currency_code

),

found as (

    select
        currency_code,
        count(*) as line_count,
        sum(case when is_return then returned_amount else net_amount end) as value_amount
    from {{ ref('fct_order_lines') }}
    group by currency_code

)

select coalesce(expected.currency_code, found.currency_code) as currency_code
from expected
full outer join found on expected.currency_code = found.currency_code
where
    expected.line_count is distinct from found.line_count
    or expected.value_amount is distinct from found.value_amount
