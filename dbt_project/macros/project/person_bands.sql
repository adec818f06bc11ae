{# Completed years from a date to another, as on a birthday; null when either is null. #}
{% macro years_between(first, last) -%}
cast(
    year({{ last }}) - year({{ first }})
    - case when month({{ last }}) * 100 + day({{ last }}) < month({{ first }}) * 100 + day({{ first }}) then 1 else 0 end
    as bigint
)
{%- endmacro %}

{# Age band of completed years; `unknown` when the age is not known. #}
{% macro age_band(years) -%}
case
        when {{ years }} is null then 'unknown'
        when {{ years }} < 18 then 'under_18'
        when {{ years }} < 25 then '18_24'
        when {{ years }} < 35 then '25_34'
        when {{ years }} < 45 then '35_44'
        when {{ years }} < 55 then '45_54'
        when {{ years }} < 65 then '55_64'
        else '65_plus'
    end
{%- endmacro %}

{#
    The part of a postal code that names an area and not a street: 5 digits of a Brazilian CEP, 4 of a Portuguese
    code, 3 elsewhere. Letters and digits only.
#}
{% macro postal_prefix(postal_code, country_code) -%}
left(
        {{ x_re_replace(postal_code, '[^0-9A-Za-z]', '') }},
        case {{ country_code }} when 'BR' then 5 when 'PT' then 4 else 3 end
    )
{%- endmacro %}

{# The lower end, in years, of an age band as a source writes it (`35-44`, `65+`); null when it starts with no number. #}
{% macro registered_age(band) -%}
try_cast(nullif({{ x_re_replace(band, '[^0-9].*$', '') }}, '') as bigint)
{%- endmacro %}
