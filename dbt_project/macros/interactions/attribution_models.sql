{# Query of one column: the names of the models that share the credit of a conversion. #}
{% macro attribution_models() -%}
{% for name in ['first_touch', 'last_touch', 'linear', 'position_based', 'time_decay'] -%}
select '{{ name }}' as attribution_model
{%- if not loop.last %} union all {% endif -%}
{% endfor %}
{%- endmacro %}
