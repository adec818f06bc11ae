{# Aggregate: texts in the order of a number that is unique in the group, joined by a separator. #}
{% macro x_string_path(value, position, separator) %}{{ return(adapter.dispatch('x_string_path')(value, position, separator)) }}{% endmacro %}
{% macro default__x_string_path(value, position, separator) %}string_agg({{ value }}, '{{ separator }}' order by {{ position }}){% endmacro %}
{% macro spark__x_string_path(value, position, separator) %}array_join(transform(array_sort(collect_list(struct({{ position }} as p, {{ value }} as v))), s -> s.v), '{{ separator }}'){% endmacro %}
