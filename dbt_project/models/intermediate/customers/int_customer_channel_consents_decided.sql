-- May we send marketing on a channel? The latest decision that covers the channel (itself or all) and marketing
-- (itself or all) says; of two at the same instant, the one that revokes; without a decision, no.
with channels as (

    {% for channel in consent_channels() -%}
    select '{{ channel }}' as consent_channel
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

covering as (

    select
        consents.customer_id,
        channels.consent_channel,
        consents.status,
        row_number() over (
            partition by consents.customer_id, channels.consent_channel
            order by
                consents.decided_at desc nulls last,
                case when consents.status = 'revoked' then 0 else 1 end,
                consents.consent_channel,
                consents.purpose
        ) as newest_order
    from {{ ref('dim_customer_consents') }} as consents
    inner join channels on consents.consent_channel in (channels.consent_channel, 'all')
    where consents.purpose in ('marketing', 'all')

)

select
    customer_id,
    consent_channel,
    status = 'granted' as is_granted
from covering
where newest_order = 1
