{# Round half up by IEEE operations only, so that every engine gives the same digits; round(double, n) does not. #}
{% macro x_round(value, scale) -%}
cast(floor(({{ value }}) * 1e{{ scale }} + cast(0.5 as double)) / 1e{{ scale }} as decimal(18,{{ scale }}))
{%- endmacro %}

{# Ratio of two numbers with a declared scale; null when the divisor is zero. Decimal division differs by engine. #}
{% macro x_ratio(part, whole, scale=6) -%}
{{ x_round("cast(" ~ part ~ " as double) / nullif(cast(" ~ whole ~ " as double), 0)", scale) }}
{%- endmacro %}

{# Money, at the scale of every amount. #}
{% macro x_money(value) %}cast({{ value }} as decimal(18,2)){% endmacro %}

{# Aggregate: sum of money, zero when there is none. #}
{% macro x_sum_money(value) %}cast(coalesce(sum({{ value }}), 0) as decimal(18,2)){% endmacro %}

{# Aggregate: exact quantile with linear interpolation (type 7), as a double. #}
{% macro x_quantile(value, share) -%}
cast(percentile_cont({{ share }}) within group (order by cast({{ value }} as double)) as double)
{%- endmacro %}
