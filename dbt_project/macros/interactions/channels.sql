{# A campaign tag as a word of the vocabulary is written: lower case, underscores. #}
{% macro tag_word(tag) %}replace(replace(lower(trim({{ tag }})), '-', '_'), ' ', '_'){% endmacro %}

{#
    Channel that brought a visit whose medium tag is no word of the vocabulary: from the usual spellings of tagging
    tools, then from the source and the referring host. A visit with neither tag nor referrer is direct.
#}
{% macro visit_source_channel(utm_source, utm_medium, referrer_host) -%}
{%- set medium = tag_word(utm_medium) -%}
{%- set source = "lower(trim(coalesce(" ~ utm_source ~ ", '')))" -%}
{%- set host = "lower(coalesce(" ~ referrer_host ~ ", ''))" -%}
case
    when {{ medium }} in ('paidsocial', 'social_ads', 'social_paid') then 'paid_social'
    when {{ medium }} in ('cpc', 'ppc', 'paid') and {{ source }} in ('facebook', 'instagram', 'meta', 'tiktok', 'linkedin', 'x', 'twitter') then 'paid_social'
    when {{ medium }} in ('cpc', 'ppc', 'sem', 'paid', 'paidsearch') then 'paid_search'
    when {{ medium }} in ('banner', 'cpm', 'retargeting', 'programmatic') then 'display'
    when {{ medium }} in ('e_mail', 'newsletter') then 'email'
    when {{ medium }} = 'organic' then 'organic_search'
    {%- for name in ['facebook', 'instagram', 'tiktok', 'linkedin', 'youtube'] %}
    when {{ source }} = '{{ name }}' or {{ host }} like '%{{ name }}.%' then '{{ name }}'
    {%- endfor %}
    when {{ source }} in ('x', 'twitter') or {{ host }} in ('x.com', 't.co', 'twitter.com') then 'x'
    when {{ host }} like '%google.%' or {{ host }} like '%bing.%' or {{ host }} like '%duckduckgo.%' or {{ host }} like '%yahoo.%' then 'organic_search'
    when {{ medium }} is not null or {{ host }} <> '' then 'referral'
    else 'direct'
end
{%- endmacro %}
