-- Lines whose receipt or order never arrived are kept without an order; a person should know how many there are.
{{ config(severity='warn') }}
select order_line_id, source_system, source_order_id
from {{ ref('fct_order_lines') }}
where order_id is null
