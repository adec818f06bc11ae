{#
    The status machine of everything that is sent: a contact has the status of the highest rank that was reported for
    it, whatever the order in which the reports arrived. What the sender says (10 to 20) gives way to evidence of the
    channel; a soft bounce gives way to a delivery; the negative ends (80 and above) stand over everything else, and
    the complaint over all.
#}
{% macro send_status_rank(status) -%}
case {{ status }} when 'planned' then 10 when 'suppressed' then 12 when 'failed' then 14 else 20 end
{%- endmacro %}

{% macro response_rank(response_type) -%}
case {{ response_type }}
    when 'accepted' then 20
    when 'bounce_soft' then 25
    when 'delivered' then 30
    when 'open' then 40
    when 'click' then 50
    when 'reply' then 60
    when 'redemption' then 70
    when 'conversion' then 70
    when 'blocked' then 80
    when 'bounce_hard' then 85
    when 'unsubscribe' then 90
    when 'complaint' then 95
end
{%- endmacro %}

{% macro status_of_rank(rank) -%}
case {{ rank }}
    when 10 then 'planned'
    when 12 then 'suppressed'
    when 14 then 'failed'
    when 20 then 'sent'
    when 25 then 'bounced'
    when 30 then 'delivered'
    when 40 then 'opened'
    when 50 then 'clicked'
    when 60 then 'replied'
    when 70 then 'converted'
    when 80 then 'failed'
    when 85 then 'bounced'
    when 90 then 'unsubscribed'
    when 95 then 'complained'
end
{%- endmacro %}
