{#
    The channels of the vocabulary, the workspace's own included, as a relation for a from clause: channel, medium,
    is_paid, is_digital, consent_channel. The variable `channels` holds them; parsing needs none.
#}
{% macro channel_words() -%}
(
    {%- for word in var('channels', []) %}
    select
        {{ x_text(word.channel) }} as channel,
        {{ x_text(word.medium) }} as medium,
        {{ word.is_paid | lower }} as is_paid,
        {{ word.is_digital | lower }} as is_digital,
        {{ x_text(word.consent_channel) }} as consent_channel
    union all
    {%- endfor %}
    select
        cast(null as string) as channel,
        cast(null as string) as medium,
        cast(null as boolean) as is_paid,
        cast(null as boolean) as is_digital,
        cast(null as string) as consent_channel
    where false
)
{%- endmacro %}

{# The channels for which a customer's marketing consent is asked, one by one. #}
{% macro consent_channels() %}{{ return(var('consent_channels')) }}{% endmacro %}
