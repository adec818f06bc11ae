-- A company that several systems know, or that has branches, is one row: the registration updated last speaks.
-- Size by employees, where the source gives none, follows the bands of SEBRAE for commerce: 9, 49 and 99 people.
with registrations as (

    select
        companies.*,
        crosswalk.company_id,
        crosswalk.company_id_source,
        crosswalk.document_root,
        row_number() over (
            partition by crosswalk.company_id
            order by companies.updated_at desc nulls last, companies.source_system, companies.source_company_id
        ) as newest_order
    from {{ ref('stg_crm__companies') }} as companies
    inner join {{ ref('stg_identity__company_crosswalk') }} as crosswalk
        on companies.source_system = crosswalk.source_system
        and companies.source_company_id = crosswalk.source_company_id
    where crosswalk.company_id is not null

),

companies as (

    select
        company_id,
        min(company_id_source) as company_id_source,
        min(document_root) as document_root,
        {% for column in ['company_name', 'trade_name', 'website', 'email_domain', 'industry_code', 'industry_name', 'market_segment', 'city', 'state_code', 'country_code'] -%}
        min_by({{ column }}, newest_order) filter (where {{ column }} is not null) as {{ column }},
        {% endfor -%}
        min_by(size_band, newest_order) filter (where size_band is not null) as size_band,
        min_by(employee_count, newest_order) filter (where employee_count is not null) as employee_count,
        min_by(annual_revenue_amount, newest_order) filter (where annual_revenue_amount is not null) as annual_revenue_amount,
        min_by(currency_code, newest_order) filter (where annual_revenue_amount is not null) as currency_code,
        count(*) as registration_count,
        min(registered_at) as registered_at
    from registrations
    group by company_id

),

-- A person may be the contact of several companies, and with several roles: each counts where the relation stands.
contacts as (

    select
        company_id,
        {{ x_string_set('company_role', ', ') }} as contact_roles,
        count(distinct customer_id) as contact_count,
        count(distinct case when company_decision_level in ('decider', 'buyer') then customer_id end) as decision_maker_count
    from {{ ref('bridge_customer_companies') }}
    where is_current
    group by company_id

),

-- An order counts once: for the company that its customer named last.
orders as (

    select
        customers.company_id,
        count_if(orders.is_purchase) as order_count,
        {{ x_sum_money("case when orders.currency_code = '" ~ var('currency_code') ~ "' then orders.net_revenue_amount end") }} as net_revenue_amount,
        max(case when orders.is_purchase then orders.ordered_at end) as last_order_at
    from {{ ref('dim_customers') }} as customers
    inner join {{ ref('fct_orders') }} as orders on customers.customer_id = orders.customer_id
    where customers.company_id is not null
    group by customers.company_id

)

select
    companies.company_id,
    companies.company_id_source,
    companies.document_root,
    companies.company_name,
    companies.trade_name,
    companies.website,
    companies.email_domain,
    companies.industry_code,
    companies.industry_name,
    companies.market_segment,
    coalesce(
        companies.size_band,
        case
            when companies.employee_count <= 9 then 'micro'
            when companies.employee_count <= 49 then 'small'
            when companies.employee_count <= 99 then 'medium'
            when companies.employee_count >= 100 then 'large'
        end
    ) as size_band,
    companies.city,
    companies.state_code,
    companies.country_code,
    companies.currency_code,
    contacts.contact_roles,
    companies.employee_count,
    companies.annual_revenue_amount,
    cast(companies.registration_count as bigint) as registration_count,
    cast(coalesce(contacts.contact_count, 0) as bigint) as contact_count,
    cast(coalesce(contacts.decision_maker_count, 0) as bigint) as decision_maker_count,
    cast(coalesce(orders.order_count, 0) as bigint) as order_count,
    {{ x_money('coalesce(orders.net_revenue_amount, 0)') }} as net_revenue_amount,
    companies.registered_at,
    orders.last_order_at
from companies
left join contacts on companies.company_id = contacts.company_id
left join orders on companies.company_id = orders.company_id
