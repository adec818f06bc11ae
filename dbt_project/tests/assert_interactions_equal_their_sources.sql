-- Nothing is lost and nothing is invented between staging and the table of interactions, kind by kind. Visits are
-- counted in events: every event belongs to exactly one visit.
with expected as (

    select 'service' as kind, count(*) as row_count from {{ ref('stg_crm__service_contacts') }}
    union all
    select 'receipt' as kind, count(*) as row_count from {{ ref('stg_pos__sales') }}
    union all
    select 'receipt' as kind, count(*) as row_count from {{ ref('stg_ecommerce__orders') }}
    union all
    select 'campaign' as kind, count(*) as row_count from {{ ref('stg_campaign__contacts') }} where not coalesce(is_control, false)
    union all
    select 'activation' as kind, count(*) as row_count from {{ ref('stg_feedback__activation_messages') }} where operation in ('add', 'send')
    union all
    select 'visit' as kind, count(*) as row_count from {{ ref('int_sessions_summarised') }}
    union all
    select 'event' as kind, count(*) as row_count from {{ ref('stg_ecommerce__events') }}

),

found as (

    select
        case when interaction_type in ('purchase', 'return') then 'receipt' else interaction_type end as kind,
        count(*) as row_count
    from {{ ref('fct_interactions') }}
    group by 1
    union all
    select 'event' as kind, sum(event_count) as row_count from {{ ref('int_sessions_summarised') }}

),

totals as (

    select kind, sum(expected_count) as expected_count, sum(found_count) as found_count
    from (
        select kind, row_count as expected_count, 0 as found_count from expected
        union all
        select kind, 0 as expected_count, coalesce(row_count, 0) as found_count from found
    ) as counts
    group by kind

)

select * from totals where expected_count <> found_count
