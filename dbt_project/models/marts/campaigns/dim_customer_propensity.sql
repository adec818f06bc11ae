-- Only what the evidence supports today: how a customer answers to contacts, drawn towards the ratio of everybody by
-- the weight of ten contacts. Propensity to buy or to leave has no column until a model beats its baseline on later data.
{%- set prior_contact_count = 10 %}
with contacts as (

    select
        customer_id,
        sum(evaluated_contact_count) as evaluated_contact_count,
        sum(response_count) as response_count,
        sum(rejection_count) as rejection_count
    from {{ ref('dim_customer_channels') }}
    group by customer_id
    having sum(evaluated_contact_count) > 0

),

priors as (

    select
        {{ x_ratio('sum(response_count)', 'sum(evaluated_contact_count)') }} as prior_response_ratio,
        {{ x_ratio('sum(rejection_count)', 'sum(evaluated_contact_count)') }} as prior_rejection_ratio
    from contacts

)

select
    contacts.customer_id,
    cast(contacts.evaluated_contact_count as bigint) as evaluated_contact_count,
    cast(contacts.response_count as bigint) as response_count,
    cast(contacts.rejection_count as bigint) as rejection_count,
    cast({{ prior_contact_count }} as bigint) as prior_contact_count,
    priors.prior_response_ratio,
    priors.prior_rejection_ratio,
    {{ x_round("(cast(contacts.response_count as double) + " ~ prior_contact_count ~ " * cast(priors.prior_response_ratio as double)) / (cast(contacts.evaluated_contact_count as double) + " ~ prior_contact_count ~ ")", 6) }} as smoothed_response_ratio,
    {{ x_round("(cast(contacts.rejection_count as double) + " ~ prior_contact_count ~ " * cast(priors.prior_rejection_ratio as double)) / (cast(contacts.evaluated_contact_count as double) + " ~ prior_contact_count ~ ")", 6) }} as smoothed_rejection_ratio
from contacts
cross join priors
