{# Every engine-specific construct of the models stands in this folder: default__ is DuckDB, spark__ is Spark 4.1. #}

{# Replace all matches; patterns must mean the same in RE2 and Java: no look-around, no back-reference, no backslash. #}
{% macro x_re_replace(value, pattern, replacement) %}{{ return(adapter.dispatch('x_re_replace')(value, pattern, replacement)) }}{% endmacro %}
{% macro default__x_re_replace(value, pattern, replacement) %}regexp_replace({{ value }}, '{{ pattern }}', '{{ replacement }}', 'g'){% endmacro %}
{% macro spark__x_re_replace(value, pattern, replacement) %}regexp_replace({{ value }}, '{{ pattern }}', '{{ replacement }}'){% endmacro %}

{# Tell whether the pattern occurs anywhere in the text. #}
{% macro x_re_like(value, pattern) %}{{ return(adapter.dispatch('x_re_like')(value, pattern)) }}{% endmacro %}
{% macro default__x_re_like(value, pattern) %}regexp_matches({{ value }}, '{{ pattern }}'){% endmacro %}
{% macro spark__x_re_like(value, pattern) %}regexp_like({{ value }}, '{{ pattern }}'){% endmacro %}

{# Hexadecimal SHA-256 in lower case. #}
{% macro x_sha256(value) %}{{ return(adapter.dispatch('x_sha256')(value)) }}{% endmacro %}
{% macro default__x_sha256(value) %}sha256({{ value }}){% endmacro %}
{% macro spark__x_sha256(value) %}sha2({{ value }}, 256){% endmacro %}

{# Surrogate key: MD5 of the parts as text with an explicit token for null; the same on every engine. #}
{% macro x_key(columns) -%}
{%- set parts = [] -%}
{%- for column in columns -%}{%- do parts.append("coalesce(cast(" ~ column ~ " as string), '~')") -%}{%- endfor -%}
md5({{ parts | join(" || '|' || ") }})
{%- endmacro %}

{# A text in single quotes, safe as a literal in both engines; backslashes are refused because Spark reads them. #}
{% macro x_text(value) -%}
{%- if '\\' in (value | string) -%}{{ exceptions.raise_compiler_error("a text literal may hold no backslash") }}{%- endif -%}
'{{ value | string | replace("'", "''") }}'
{%- endmacro %}

{# The type of a naive UTC timestamp. #}
{% macro x_timestamp_type() %}{{ return(adapter.dispatch('x_timestamp_type')()) }}{% endmacro %}
{% macro default__x_timestamp_type() %}timestamp{% endmacro %}
{% macro spark__x_timestamp_type() %}timestamp_ntz{% endmacro %}

{# Text of one path of a JSON document. #}
{% macro x_json_text(value, path) %}{{ return(adapter.dispatch('x_json_text')(value, path)) }}{% endmacro %}
{% macro default__x_json_text(value, path) %}json_extract_string({{ value }}, '{{ path }}'){% endmacro %}
{% macro spark__x_json_text(value, path) %}get_json_object({{ value }}, '{{ path }}'){% endmacro %}

{# Aggregate: the distinct texts, sorted, joined by a separator. #}
{% macro x_string_set(value, separator) %}{{ return(adapter.dispatch('x_string_set')(value, separator)) }}{% endmacro %}
{% macro default__x_string_set(value, separator) %}string_agg(distinct {{ value }}, '{{ separator }}' order by {{ value }}){% endmacro %}
{% macro spark__x_string_set(value, separator) %}nullif(array_join(array_sort(collect_set({{ value }})), '{{ separator }}'), ''){% endmacro %}
