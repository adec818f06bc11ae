{# The instant the run looks from, as a naive UTC timestamp. The only clock that a model may read. #}
{% macro as_of() -%}
    cast('{{ var("as_of") }}' as {{ x_timestamp_type() }})
{%- endmacro %}

{# The calendar day of the run in the time zone of the company. #}
{% macro as_of_date() -%}
    {{ local_date(as_of()) }}
{%- endmacro %}

{# The calendar day of a naive UTC timestamp in the time zone of the company. #}
{% macro local_date(timestamp) -%}
    {{ x_local_date(timestamp, var("timezone")) }}
{%- endmacro %}
