-- The golden record. Each field, or group of fields that only make sense together, comes whole from one record, and
-- says which: contact data from who spoke last, identity from whom we trust most. An address is taken complete when
-- there is a complete one.
{% set groups = {
    'name': {'order': 'trust_order', 'has': 'full_name is not null', 'columns': ['full_name', 'given_name', 'family_name']},
    'document': {'order': 'trust_order', 'has': 'document_number is not null', 'columns': ['document_number', 'document_kind']},
    'birth_date': {'order': 'trust_order', 'has': 'birth_date is not null', 'columns': ['birth_date']},
    'gender': {'order': 'trust_order', 'has': 'gender is not null', 'columns': ['gender']},
    'email': {'order': 'recent_order', 'has': 'email is not null', 'columns': ['email', 'email_key']},
    'phone': {'order': 'recent_order', 'has': 'phone is not null', 'columns': ['phone', 'phone_key', 'phone_is_mobile']},
    'address': {
        'order': 'recent_order',
        'has': 'coalesce(postal_code, city, state_code) is not null',
        'best': 'street is not null and postal_code is not null',
        'columns': ['street', 'street_number', 'address_complement', 'district', 'city', 'state_code', 'postal_code', 'country_code'],
    },
} %}
with records as (

    select * from {{ ref('int_customer_records_ranked') }}

),

winners as (

    select
        customer_id,
        {% for name, group in groups.items() -%}
        coalesce(
            {% if group.best %}min(case when {{ group.best }} then {{ group.order }} end),
            {% endif -%}
            min(case when {{ group.has }} then {{ group.order }} end)
        ) as {{ name }}_order,
        {% endfor -%}
        min_by(customer_kind, trust_order) filter (where customer_kind is not null) as customer_kind,
        count(*) as record_count,
        count(distinct source_system) as source_system_count,
        count_if(is_master) as registration_count,
        count_if(is_master and not is_deleted) as live_registration_count,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at
    from records
    group by customer_id

),

picked as (

    select
        records.customer_id,
        {% for name, group in groups.items() -%}
        {% for column in group.columns -%}
        max(case when records.{{ group.order }} = winners.{{ name }}_order then records.{{ column }} end) as {{ column }},
        {% endfor -%}
        max(case when records.{{ group.order }} = winners.{{ name }}_order then records.record_id end) as {{ name }}_record_id,
        max(case when records.{{ group.order }} = winners.{{ name }}_order then records.source_system end) as {{ name }}_source_system,
        max(case when records.{{ group.order }} = winners.{{ name }}_order then records.spoken_at end) as {{ name }}_spoken_at
        {{- ',' if not loop.last }}
        {% endfor %}
    from records
    inner join winners on records.customer_id = winners.customer_id
    where
        {% for name, group in groups.items() -%}
        {{ 'or ' if not loop.first }}records.{{ group.order }} = winners.{{ name }}_order
        {% endfor %}
    group by records.customer_id

)

select
    winners.customer_id,
    coalesce(winners.customer_kind, 'person') as customer_kind,
    {% for name, group in groups.items() -%}
    {% for column in group.columns -%}
    picked.{{ column }},
    {% endfor -%}
    picked.{{ name }}_record_id,
    picked.{{ name }}_source_system,
    picked.{{ name }}_spoken_at,
    {% endfor -%}
    cast(winners.record_count as bigint) as record_count,
    cast(winners.source_system_count as bigint) as source_system_count,
    cast(winners.registration_count as bigint) as registration_count,
    winners.registration_count > 0 and winners.live_registration_count = 0 as is_every_registration_deleted,
    winners.first_seen_at,
    winners.last_seen_at
from winners
left join picked on winners.customer_id = picked.customer_id
