{#
    Channel that brought a visit, from its campaign tags and then from the referring host. Tags are free text of the
    tagging tool, so the usual spellings are folded; the words of the vocabulary are taken as they are. A visit with
    neither tag nor referrer is direct.
#}
{% macro visit_source_channel(utm_source, utm_medium, referrer_host) -%}
{%- set medium = "replace(replace(lower(trim(" ~ utm_medium ~ ")), '-', '_'), ' ', '_')" -%}
{%- set source = "lower(trim(coalesce(" ~ utm_source ~ ", '')))" -%}
{%- set host = "lower(coalesce(" ~ referrer_host ~ ", ''))" -%}
{%- set social = ["facebook", "instagram", "tiktok", "linkedin", "youtube"] -%}
case
    when {{ medium }} in ('paid_social', 'paidsocial', 'social_ads', 'social_paid') then 'paid_social'
    when {{ medium }} in ('cpc', 'ppc', 'paid') and {{ source }} in ('facebook', 'instagram', 'meta', 'tiktok', 'linkedin', 'x', 'twitter') then 'paid_social'
    when {{ medium }} in ('cpc', 'ppc', 'sem', 'paid', 'paid_search', 'paidsearch') then 'paid_search'
    when {{ medium }} in ('display', 'banner', 'cpm', 'retargeting', 'programmatic') then 'display'
    when {{ medium }} in ('email', 'e_mail', 'newsletter') then 'email'
    when {{ medium }} in ('sms', 'push', 'whatsapp', 'catalog', 'direct_mail', 'telemarketing', 'facebook', 'instagram', 'tiktok', 'linkedin', 'youtube', 'x', 'organic_search', 'referral', 'direct') then {{ medium }}
    when {{ medium }} = 'organic' then 'organic_search'
    {%- for name in social %}
    when {{ source }} = '{{ name }}' or {{ host }} like '%{{ name }}.%' then '{{ name }}'
    {%- endfor %}
    when {{ source }} in ('x', 'twitter') or {{ host }} in ('x.com', 't.co', 'twitter.com') then 'x'
    when {{ host }} like '%google.%' or {{ host }} like '%bing.%' or {{ host }} like '%duckduckgo.%' or {{ host }} like '%yahoo.%' then 'organic_search'
    when {{ medium }} is not null or {{ host }} <> '' then 'referral'
    else 'direct'
end
{%- endmacro %}
