-- What each registration said, version by version, about the company whose contact it is; a spell is a run of versions
-- that say the same. A deleted registration says nothing from its deletion on.
with stated as (

    select
        versions.source_system,
        versions.source_customer_id,
        case when versions.deleted_at is null then companies.company_id end as company_id,
        versions.company_role,
        versions.company_decision_level,
        versions.updated_at,
        coalesce(versions.deleted_at, versions.updated_at, versions.registered_at) as stated_at,
        row_number() over (
            partition by versions.source_system, versions.source_customer_id, versions.updated_at
            order by versions._row_hash desc nulls last, versions._batch_id, versions._source_row
        ) as place
    from {{ ref('int_contacts_versioned') }} as versions
    left join {{ ref('stg_identity__company_crosswalk') }} as companies
        on versions.source_system = companies.source_system
        and versions.source_company_id = companies.source_company_id

),

related as (

    select
        stated.*,
        case
            when company_id is null then 'none'
            else {{ x_key(['company_id', 'company_role', 'company_decision_level']) }}
        end as relation
    from stated
    where place = 1

),

compared as (

    select
        related.*,
        lag(relation) over (
            partition by source_system, source_customer_id order by updated_at nulls first
        ) as relation_before
    from related

),

numbered as (

    select
        compared.*,
        sum(case when relation_before = relation then 0 else 1 end) over (
            partition by source_system, source_customer_id
            order by updated_at nulls first
            rows between unbounded preceding and current row
        ) as spell_number
    from compared

),

spells as (

    select
        source_system,
        source_customer_id,
        cast(spell_number as bigint) as spell_number,
        min(company_id) as company_id,
        min(company_role) as company_role,
        min(company_decision_level) as company_decision_level,
        min(stated_at) as valid_from
    from numbered
    group by source_system, source_customer_id, spell_number

),

ended as (

    select
        spells.*,
        lead(valid_from) over (partition by source_system, source_customer_id order by spell_number) as next_from,
        lead(spell_number) over (partition by source_system, source_customer_id order by spell_number) is null as is_last
    from spells

)

select
    source_system,
    source_customer_id,
    spell_number,
    company_id,
    company_role,
    company_decision_level,
    is_last as is_current,
    valid_from,
    case when not is_last then greatest(valid_from, next_from) end as valid_to
from ended
where company_id is not null
