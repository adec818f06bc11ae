-- What the decisions of a customer amount to. A yes stands when every no that covers the same contact is older and not
-- more specific: "everything" said later does not bring back a no to one channel or to one purpose. The decisions of
-- all records of a customer are weighed together, so a merge never makes anyone easier to reach.
with contacts as (

    {% for channel in consent_channels() -%}
    {% set last_channel = loop.last -%}
    {% for purpose in var('purposes') -%}
    select {{ x_text(channel) }} as consent_channel, {{ x_text(purpose) }} as purpose
    {{ 'union all' if not (loop.last and last_channel) }}
    {% endfor -%}
    {% endfor %}
),

covering as (

    select
        consents.customer_id,
        contacts.consent_channel,
        contacts.purpose,
        consents.status = 'granted' as is_grant,
        consents.consent_channel <> 'all' as names_channel,
        consents.purpose <> 'all' as names_purpose,
        consents.legal_basis,
        consents.decided_at
    from {{ ref('dim_customer_consents') }} as consents
    inner join contacts
        on consents.consent_channel in (contacts.consent_channel, 'all')
        and consents.purpose in (contacts.purpose, 'all')

),

refusals as (

    select
        customer_id,
        consent_channel,
        purpose,
        bool_or(names_channel) as names_channel,
        bool_or(names_purpose) as names_purpose,
        max(decided_at) as decided_at
    from covering
    where not is_grant
    group by customer_id, consent_channel, purpose

),

weighed as (

    select
        covering.*,
        covering.is_grant
        and coalesce(
            covering.decided_at > refusals.decided_at
            and (covering.names_channel or not refusals.names_channel)
            and (covering.names_purpose or not refusals.names_purpose),
            true
        ) as is_standing
    from covering
    left join refusals
        on covering.customer_id = refusals.customer_id
        and covering.consent_channel = refusals.consent_channel
        and covering.purpose = refusals.purpose

)

select
    customer_id,
    consent_channel,
    purpose,
    case when bool_or(is_standing) then 'granted' else 'revoked' end as status,
    {{ x_string_set('case when is_standing then legal_basis end', ',') }} as legal_bases,
    coalesce(max(case when is_standing then decided_at end), max(case when not is_grant then decided_at end)) as decided_at
from weighed
group by customer_id, consent_channel, purpose
