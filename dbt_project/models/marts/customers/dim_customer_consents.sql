-- The latest decision for each channel and purpose; of two at the same instant, the one that revokes.
with ranked as (

    select
        decisions.*,
        row_number() over (
            partition by customer_id, consent_channel, purpose
            order by decided_at desc nulls last, case when status = 'revoked' then 0 else 1 end, decision_id
        ) as newest_order
    from {{ ref('int_customer_consents_unioned') }} as decisions

)

select
    customer_id,
    consent_channel,
    purpose,
    status,
    legal_basis,
    source_system,
    consent_source,
    decided_at
from ranked
where newest_order = 1
