{#
    Each key once, and nothing empty that must be filled: one row for each broken rule, with how many rows break it.
    One test for a whole mart, because a test costs more than its scan.
#}
{% test complete_rows(model, key, required=[]) %}
{{ config(fail_calc="coalesce(sum(row_count), 0)") }}
{%- set filled = key + required -%}
{%- set counts = [] -%}
{%- for column in filled -%}{%- do counts.append("count(*) - count(" ~ column ~ ") as " ~ column) -%}{%- endfor %}

with empty as (

    select {{ counts | join(', ') }} from {{ model }}

),

repeated as (

    select count(*) as row_count from (
        select count(*) as times from {{ model }}
        where {% for column in key %}{{ column }} is not null{{ ' and ' if not loop.last }}{% endfor %}
        group by {{ key | join(', ') }} having count(*) > 1
    ) as keys

),

broken as (

    select '{{ key | join(', ') }}' as about, 'stands more than once' as fault, row_count from repeated
    {%- for column in filled %}
    union all
    select '{{ column }}' as about, 'is empty' as fault, {{ column }} as row_count from empty
    {%- endfor %}

)

select about, fault, row_count from broken where row_count > 0

{% endtest %}
