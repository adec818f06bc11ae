-- Contracts and subscriptions in force on the day of the run. The amount of a billing period is brought to a month:
-- 52 weeks, 4 quarters or 1 year are twelve months.
with contracts as (

    select
        people.customer_id,
        contracts.ends_on,
        contracts.contract_type,
        contracts.currency_code,
        {{ x_round("cast(contracts.recurring_amount as double) * case contracts.billing_period when 'week' then 52.0 / 12.0 when 'quarter' then 1.0 / 3.0 when 'year' then 1.0 / 12.0 else 1.0 end", 2) }} as monthly_amount,
        contracts.status = 'active'
        and contracts.started_on <= {{ as_of_date() }}
        and coalesce(contracts.ends_on >= {{ as_of_date() }}, true)
        and coalesce(contracts.cancelled_on > {{ as_of_date() }}, true) as is_active
    from {{ ref('stg_crm__contracts') }} as contracts
    inner join {{ ref('int_record_customers') }} as people on contracts.record_id = people.record_id

)

select
    customer_id,
    cast(count(*) as bigint) as contract_count,
    cast(count_if(is_active) as bigint) as active_contract_count,
    {{ x_sum_money("case when is_active and currency_code = '" ~ var('currency_code') ~ "' then monthly_amount end") }} as active_contract_monthly_amount,
    min(case when is_active then ends_on end) as next_contract_end_on
from contracts
group by customer_id
