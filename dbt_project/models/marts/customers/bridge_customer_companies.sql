-- Whose contact a customer is, with which role and since when. A registration says so; an address at a company's own mail
-- domain says so only where the workspace lets it, and where no registration of the customer names that company.
with spells as (

    select
        people.customer_id,
        spells.company_id,
        registrations.record_id,
        spells.source_system,
        spells.source_customer_id,
        'registration' as evidence,
        spells.company_role,
        spells.company_decision_level,
        spells.spell_number,
        spells.is_current,
        spells.valid_from,
        spells.valid_to
    from {{ ref('int_contact_spells_numbered') }} as spells
    inner join {{ ref('stg_crm__customers') }} as registrations
        on spells.source_system = registrations.source_system
        and spells.source_customer_id = registrations.source_customer_id
    inner join {{ ref('int_record_customers') }} as people on registrations.record_id = people.record_id

),

domains as (

    select mail_domain, min(company_id) as company_id
    from {{ ref('stg_identity__company_crosswalk') }}
    where mail_domain is not null and {{ var('company_from_email_domain') | lower }}
    group by mail_domain
    having count(distinct company_id) = 1

),

addresses as (

    select
        records.customer_id,
        domains.company_id,
        records.record_id,
        records.source_system,
        records.source_customer_id,
        records.first_seen_at,
        row_number() over (
            partition by records.customer_id, domains.company_id
            order by records.first_seen_at nulls last, records.record_id
        ) as place
    from {{ ref('int_customer_records_ranked') }} as records
    inner join domains on split_part(records.email, '@', 2) = domains.mail_domain
    anti join spells
        on records.customer_id = spells.customer_id
        and domains.company_id = spells.company_id
    where not records.is_deleted

),

relations as (

    select * from spells
    union all
    select
        customer_id,
        company_id,
        record_id,
        source_system,
        source_customer_id,
        'email_domain' as evidence,
        cast(null as string) as company_role,
        cast(null as string) as company_decision_level,
        cast(1 as bigint) as spell_number,
        true as is_current,
        first_seen_at as valid_from,
        cast(null as {{ x_timestamp_type() }}) as valid_to
    from addresses
    where place = 1

)

select
    {{ x_key(['evidence', 'record_id', 'company_id', 'spell_number']) }} as customer_company_id,
    customer_id,
    company_id,
    record_id,
    source_system,
    source_customer_id,
    evidence,
    company_role,
    company_decision_level,
    is_current,
    valid_from,
    valid_to
from relations
