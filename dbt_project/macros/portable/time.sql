{# Every timestamp is naive UTC: DuckDB TIMESTAMP, Spark TIMESTAMP_NTZ. #}

{# Calendar day of a naive UTC timestamp in a time zone. #}
{% macro x_local_date(timestamp, timezone) %}{{ return(adapter.dispatch('x_local_date')(timestamp, timezone)) }}{% endmacro %}
{% macro default__x_local_date(timestamp, timezone) %}cast(timezone('{{ timezone }}', timezone('UTC', {{ timestamp }})) as date){% endmacro %}
{% macro spark__x_local_date(timestamp, timezone) %}cast(convert_timezone('UTC', '{{ timezone }}', {{ timestamp }}) as date){% endmacro %}

{# Naive local timestamp of a naive UTC timestamp. #}
{% macro x_local_timestamp(timestamp, timezone) %}{{ return(adapter.dispatch('x_local_timestamp')(timestamp, timezone)) }}{% endmacro %}
{% macro default__x_local_timestamp(timestamp, timezone) %}timezone('{{ timezone }}', timezone('UTC', {{ timestamp }})){% endmacro %}
{% macro spark__x_local_timestamp(timestamp, timezone) %}convert_timezone('UTC', '{{ timezone }}', {{ timestamp }}){% endmacro %}

{# Naive UTC timestamp of the first instant of a local calendar day. #}
{% macro x_day_start(day, timezone) %}{{ return(adapter.dispatch('x_day_start')(day, timezone)) }}{% endmacro %}
{% macro default__x_day_start(day, timezone) %}timezone('UTC', timezone('{{ timezone }}', cast({{ day }} as timestamp))){% endmacro %}
{% macro spark__x_day_start(day, timezone) %}convert_timezone('{{ timezone }}', 'UTC', cast({{ day }} as timestamp_ntz)){% endmacro %}

{# Whole calendar days from one date to another; bigint. #}
{% macro x_days_between(first, last) %}{{ return(adapter.dispatch('x_days_between')(first, last)) }}{% endmacro %}
{% macro default__x_days_between(first, last) %}date_diff('day', cast({{ first }} as date), cast({{ last }} as date)){% endmacro %}
{% macro spark__x_days_between(first, last) %}cast(datediff(cast({{ last }} as date), cast({{ first }} as date)) as bigint){% endmacro %}

{# Microseconds from one timestamp to another; bigint. #}
{% macro x_micros(timestamp) %}{{ return(adapter.dispatch('x_micros')(timestamp)) }}{% endmacro %}
{% macro default__x_micros(timestamp) %}epoch_us({{ timestamp }}){% endmacro %}
{% macro spark__x_micros(timestamp) %}unix_micros(cast({{ timestamp }} as timestamp_ltz)){% endmacro %}

{# Elapsed seconds, whole, rounded down; bigint. #}
{% macro x_seconds_between(first, last) -%}
cast(floor(({{ x_micros(last) }} - {{ x_micros(first) }}) / 1000000.0) as bigint)
{%- endmacro %}

{# A timestamp a number of days later (earlier when negative); `days` may be an expression. #}
{% macro x_add_days(timestamp, days) %}{{ return(adapter.dispatch('x_add_days')(timestamp, days)) }}{% endmacro %}
{% macro default__x_add_days(timestamp, days) %}({{ timestamp }} + to_days(cast({{ days }} as integer))){% endmacro %}
{% macro spark__x_add_days(timestamp, days) %}({{ timestamp }} + make_dt_interval(cast({{ days }} as int))){% endmacro %}

{# A date a number of days later (earlier when negative). #}
{% macro x_date_add(day, days) %}{{ return(adapter.dispatch('x_date_add')(day, days)) }}{% endmacro %}
{% macro default__x_date_add(day, days) %}({{ day }} + cast({{ days }} as integer)){% endmacro %}
{% macro spark__x_date_add(day, days) %}date_add({{ day }}, cast({{ days }} as int)){% endmacro %}

{# A timestamp without the time zone of its literal. #}
{% macro x_month_start(day) %}cast(date_trunc('month', {{ day }}) as date){% endmacro %}

{# A date a number of months later. #}
{% macro x_add_months(day, months) %}{{ return(adapter.dispatch('x_add_months')(day, months)) }}{% endmacro %}
{% macro default__x_add_months(day, months) %}cast({{ day }} + to_months(cast({{ months }} as integer)) as date){% endmacro %}
{% macro spark__x_add_months(day, months) %}add_months({{ day }}, cast({{ months }} as int)){% endmacro %}

{# ISO day of the week: 1 is Monday, 7 is Sunday; bigint. #}
{% macro x_isodow(day) %}{{ return(adapter.dispatch('x_isodow')(day)) }}{% endmacro %}
{% macro default__x_isodow(day) %}cast(isodow({{ day }}) as bigint){% endmacro %}
{% macro spark__x_isodow(day) %}cast(weekday({{ day }}) + 1 as bigint){% endmacro %}

{# Hour of a timestamp, 0 to 23; bigint. #}
{% macro x_hour(timestamp) %}cast(hour({{ timestamp }}) as bigint){% endmacro %}

{# Relation in a from clause with one date column `day`: the first days of the months from one date to another. #}
{% macro x_month_spine(first, last) %}{{ return(adapter.dispatch('x_month_spine')(first, last)) }}{% endmacro %}
{% macro default__x_month_spine(first, last) %}(select cast(unnest(generate_series({{ x_month_start(first) }}, {{ x_month_start(last) }}, interval 1 month)) as date) as day){% endmacro %}
{% macro spark__x_month_spine(first, last) %}(select explode(sequence({{ x_month_start(first) }}, {{ x_month_start(last) }}, interval 1 month)) as day){% endmacro %}
