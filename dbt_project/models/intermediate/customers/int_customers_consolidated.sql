-- The golden record. Each field, or group of fields that only make sense together, comes whole from one record that the
-- source has not deleted, and says which. The workspace's survivorship rules choose the record; see the macro.
-- depends_on: {{ ref('int_records_confirmed') }}
{% set fields = golden_fields() -%}
{% set rules = var('survivorship').rules -%}
with records as (

    select
        ranked.*,
        {{ 'confirmed.record_id is not null' if 'verified' in rules.values() else 'false' }} as is_confirmed
    from {{ ref('int_customer_records_ranked') }} as ranked
    {% if 'verified' in rules.values() -%}
    left join {{ ref('int_records_confirmed') }} as confirmed on ranked.record_id = confirmed.record_id
    {%- endif %}

),

keyed as (

    select
        records.*
        {%- for name, field in fields.items() %},
        case when {{ field.has }} and not is_deleted then {{ survivor_key(field, rules[name]) }} end as {{ name }}_place
        {%- endfor %}
    from records

),

winners as (

    select
        customer_id,
        {% for name in fields -%}
        min({{ name }}_place) as {{ name }}_place,
        {% endfor -%}
        min_by(customer_kind, trust_order) filter (where customer_kind is not null) as customer_kind,
        count(*) as record_count,
        count(distinct source_system) as source_system_count,
        count_if(is_master) as registration_count,
        count_if(is_master and not is_deleted) as live_registration_count,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at
    from keyed
    group by customer_id

),

picked as (

    select
        keyed.customer_id,
        {% for name, field in fields.items() -%}
        {% for column in field.columns + ['record_id', 'source_system', 'spoken_at'] -%}
        max(case when keyed.{{ name }}_place = winners.{{ name }}_place then keyed.{{ column }} end)
            as {{ column if column in field.columns else name ~ '_' ~ column }}{{ ',' if not loop.last }}
        {% endfor -%}
        {{ ',' if not loop.last }}
        {% endfor %}
    from keyed
    inner join winners on keyed.customer_id = winners.customer_id
    where
        {% for name in fields -%}
        {{ 'or ' if not loop.first }}keyed.{{ name }}_place = winners.{{ name }}_place
        {% endfor %}
    group by keyed.customer_id

)

select
    winners.customer_id,
    coalesce(winners.customer_kind, 'person') as customer_kind,
    {% for name, field in fields.items() -%}
    {% for column in field.columns -%}
    picked.{{ column }},
    {% endfor -%}
    picked.{{ name }}_record_id,
    picked.{{ name }}_source_system,
    case when picked.{{ name }}_record_id is not null then {{ x_text(rules[name]) }} end as {{ name }}_rule,
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
