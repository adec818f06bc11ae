{# No null in any of the columns: one scan for the whole model, one row for each column that has nulls. #}
{% test required_columns(model, columns) %}
{%- set counts = [] -%}
{%- for column in columns -%}{%- do counts.append("count(*) - count(" ~ column ~ ") as " ~ column) -%}{%- endfor %}

with nulls as (

    select {{ counts | join(', ') }} from {{ model }}

)

{% for column in columns -%}
select '{{ column }}' as column_name, {{ column }} as null_count from nulls where {{ column }} > 0
{%- if not loop.last %} union all
{% endif %}
{%- endfor %}

{% endtest %}
