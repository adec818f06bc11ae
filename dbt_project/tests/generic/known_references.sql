{# Every value that names a row of another model names one that exists: one row for each reference that does not hold. #}
{% test known_references(model, references) %}
{{ config(fail_calc="coalesce(sum(row_count), 0)") }}

with broken as (
    {% for reference in references %}
    select
        '{{ reference.column }}' as about,
        'is unknown in {{ reference.to }}' as fault,
        count(*) as row_count
    from {{ model }} as child
    left join {{ ref(reference.to) }} as parent on parent.{{ reference.field }} = child.{{ reference.column }}
    where child.{{ reference.column }} is not null and parent.{{ reference.field }} is null
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select about, fault, row_count from broken where row_count > 0

{% endtest %}
