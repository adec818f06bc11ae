with contacts as (

    select
        *,
        {{ x_month_start(local_date('opened_at')) }} as service_month,
        -- Solved at the first contact: the case was resolved, and nobody had to come back.
        contact_number_in_case = 1 and resolved_at is not null and count(*) over (partition by case_id) = 1 as is_first_contact_resolved,
        contact_number_in_case = 1 and (resolved_at is not null or status = 'resolved') as is_first_of_resolved,
        case when is_open then {{ x_days_between(local_date('opened_at'), as_of_date()) }} end as open_days
    from {{ ref('fct_service_contacts') }}
    where direction = 'inbound'

)

select
    service_month,
    channel,
    contact_type,
    cast(count(*) as bigint) as contact_count,
    cast(count_if(is_answer_due) as bigint) as due_count,
    cast(count_if(is_answered_in_time) as bigint) as answered_in_time_count,
    cast(count_if(is_breach) as bigint) as breach_count,
    {{ x_ratio('count_if(is_answered_in_time)', 'count_if(is_answer_due)') }} as answered_in_time_ratio,
    {{ x_ratio('sum(answer_seconds)', 'count(answer_seconds) * 3600', 2) }} as average_answer_hours,
    cast(count_if(is_first_of_resolved) as bigint) as resolved_case_count,
    cast(count_if(is_first_contact_resolved) as bigint) as first_contact_resolved_count,
    {{ x_ratio('count_if(is_first_contact_resolved)', 'count_if(is_first_of_resolved)') }} as first_contact_resolution_ratio,
    cast(count_if(is_reopened) as bigint) as reopened_count,
    {{ x_ratio('count_if(is_reopened)', 'count_if(resolved_at is not null)') }} as reopened_ratio,
    cast(count_if(is_open) as bigint) as open_count,
    {{ x_ratio('sum(open_days)', 'count_if(is_open)', 2) }} as average_open_days,
    cast(max(open_days) as bigint) as longest_open_days,
    cast(count(satisfaction_score) as bigint) as satisfaction_count,
    {{ x_ratio('sum(satisfaction_score)', 'count(satisfaction_score)', 2) }} as average_satisfaction_score
from contacts
group by service_month, channel, contact_type
