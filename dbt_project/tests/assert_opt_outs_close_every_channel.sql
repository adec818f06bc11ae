-- Who opted out and granted nothing since, is suppressed, erased, internal, a minor, or has an open complaint, may not be
-- reached for marketing on any channel.
with opted_out as (

    select customer_id
    from {{ ref('int_customer_consents_unioned') }}
    group by customer_id
    having
        max(case when opt_out_kind is not null then decided_at end)
        >= coalesce(
            max(case when status = 'granted' and purpose in ('marketing', 'all') then decided_at end),
            max(case when opt_out_kind is not null then decided_at end)
        )

)

select summaries.customer_id
from {{ ref('customer_360') }} as summaries
left join opted_out on summaries.customer_id = opted_out.customer_id
where
    (opted_out.customer_id is not null or summaries.is_suppressed or summaries.is_erased or summaries.is_internal
        or summaries.open_complaint_count > 0)
    and (summaries.can_email or summaries.can_sms or summaries.can_whatsapp or summaries.can_phone or summaries.can_mail)
