-- What registrations say about a person beyond the golden record: the newest live registration that says anything wins,
-- except for how the customer was acquired, which the oldest one knows. One internal registration makes all internal.
{% set newest = [
    'age_band', 'marital_status', 'education_level', 'occupation', 'household_composition', 'home_ownership', 'interests',
    'company_role', 'company_decision_level',
] %}
with registrations as (

    select
        record_id, source_system, acquisition_channel, age_band, marital_status, education_level, occupation, household_size, household_composition, home_ownership, interests, source_company_id,
        company_role, company_decision_level,
        coalesce(is_internal, false) as is_internal, registered_at, deleted_at, updated_at
    from {{ ref('stg_crm__customers') }}
    union all
    select
        record_id, source_system, acquisition_channel, cast(null as string), cast(null as string),
        cast(null as string), cast(null as string), cast(null as bigint), cast(null as string),
        cast(null as string), cast(null as string), cast(null as string), cast(null as string), cast(null as string), false, registered_at, deleted_at, updated_at
    from {{ ref('stg_ecommerce__accounts') }}

),

identified as (

    select
        registrations.*,
        people.customer_id,
        companies.company_id,
        row_number() over (
            partition by people.customer_id
            order by
                case when registrations.deleted_at is null then 0 else 1 end,
                registrations.updated_at desc nulls last,
                registrations.source_system,
                registrations.record_id
        ) as newest_order,
        row_number() over (
            partition by people.customer_id
            order by registrations.registered_at nulls last, registrations.source_system, registrations.record_id
        ) as oldest_order
    from registrations
    inner join {{ ref('int_record_customers') }} as people on registrations.record_id = people.record_id
    left join {{ ref('stg_identity__company_crosswalk') }} as companies
        on registrations.source_system = companies.source_system
        and registrations.source_company_id = companies.source_company_id

)

select
    customer_id,
    {% for column in newest -%}
    min_by({{ column }}, newest_order) filter (where {{ column }} is not null and deleted_at is null) as {{ column }},
    {% endfor -%}
    min_by(company_id, newest_order) filter (where company_id is not null and deleted_at is null) as company_id,
    min_by(household_size, newest_order) filter (where household_size is not null and deleted_at is null) as household_size,
    min_by(acquisition_channel, oldest_order) filter (where acquisition_channel is not null) as acquisition_channel,
    bool_or(is_internal) as is_internal,
    min(registered_at) as registered_at
from identified
group by customer_id
