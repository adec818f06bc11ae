-- Everything about a customer in one row, except the declared segments, which are expressions over these columns.
{% set reached = ['email', 'sms', 'whatsapp', 'phone', 'mail'] %}
with permitted as (

    select
        customer_id,
        {% for channel in reached -%}
        bool_or(consent_channel = '{{ channel }}') as can_{{ channel }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('int_customer_channels_permitted') }}
    group by customer_id

),

suppressions as (

    select
        customer_id,
        bool_or(consent_channel = 'all') as is_suppressed,
        {{ x_string_set('reason', ',') }} as suppression_reasons
    from {{ ref('dim_customer_suppressions') }}
    group by customer_id

),

best_channels as (

    select customer_id, channel from {{ ref('int_customer_channels_ranked') }} where is_best

)

select
    customers.customer_id,
    customers.customer_kind,
    customers.household_id,
    customers.company_id,
    customers.city,
    customers.state_code,
    customers.country_code,
    customers.age_band,
    customers.gender,
    customers.interests,
    customers.preferred_channel,
    customers.acquisition_channel,
    best_channels.channel as best_channel,
    value.buyer_type,
    rfv.rfv_cell,
    coalesce(rfv.rfv_segment, case when value.order_count > 0 then 'lapsed' else 'prospect' end) as rfv_segment,
    interactions.last_interaction_channel as last_contact_channel,
    service.last_protocol_number,
    service.last_contact_type as last_service_contact_type,
    campaigns.last_campaign_id,
    suppressions.suppression_reasons,
    rfv.recency_score,
    rfv.frequency_score,
    rfv.value_score,
    {{ x_days_between(local_date('value.last_order_at'), as_of_date()) }} as recency_days,
    value.order_count,
    value.late_delivery_count,
    value.active_contract_count,
    coalesce(interactions.interaction_count, 0) as interaction_count,
    coalesce(service.service_contact_count, 0) as service_contact_count,
    coalesce(service.open_case_count, 0) as open_case_count,
    coalesce(service.open_complaint_count, 0) as open_complaint_count,
    coalesce(campaigns.campaign_contact_count, 0) as campaign_contact_count,
    coalesce(campaigns.campaign_response_count, 0) as campaign_response_count,
    value.net_revenue_amount,
    value.net_revenue_365_days_amount,
    value.average_order_amount,
    value.active_contract_monthly_amount,
    value.return_ratio,
    value.discount_order_ratio,
    value.premium_revenue_ratio,
    {% for channel in reached -%}
    coalesce(permitted.can_{{ channel }}, false) as can_{{ channel }},
    {% endfor -%}
    coalesce(suppressions.is_suppressed, false) as is_suppressed,
    customers.is_internal,
    customers.is_erased,
    value.next_contract_end_on,
    customers.registered_at,
    customers.first_seen_at,
    customers.last_seen_at,
    value.first_order_at,
    value.last_order_at,
    interactions.last_interaction_at as last_contact_at,
    service.last_contact_at as last_service_contact_at,
    campaigns.last_campaign_at
from {{ ref('dim_customers') }} as customers
inner join {{ ref('dim_customer_value') }} as value on customers.customer_id = value.customer_id
left join {{ ref('dim_customer_rfv') }} as rfv on customers.customer_id = rfv.customer_id
left join {{ ref('int_customer_interactions_summarised') }} as interactions on customers.customer_id = interactions.customer_id
left join {{ ref('int_customer_service_summarised') }} as service on customers.customer_id = service.customer_id
left join {{ ref('int_customer_campaigns_summarised') }} as campaigns on customers.customer_id = campaigns.customer_id
left join best_channels on customers.customer_id = best_channels.customer_id
left join permitted on customers.customer_id = permitted.customer_id
left join suppressions on customers.customer_id = suppressions.customer_id
