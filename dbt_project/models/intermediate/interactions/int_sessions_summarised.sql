-- One row per visit to the site or the app. A visit is the session of the source when the source has one; else the
-- events of one visitor (device, or person record) with less than 30 minutes between them. Only events without a
-- session are put through a window: at tens of millions of rows that is the difference between one pass and three.
with events as (

    select
        events.source_system,
        events.source_event_id,
        events.session_id,
        coalesce(events.device_id, events.record_id) as visitor_id,
        people.customer_id,
        events.event_type,
        events.channel,
        events.page_path,
        events.source_order_id,
        events.referrer_host,
        events.utm_source,
        events.utm_medium,
        events.utm_campaign,
        events.occurred_at,
        -- Text that sorts by time and then by identifier: the first and the last event are a min and a max.
        lpad(cast({{ x_micros('events.occurred_at') }} as string), 20, '0') || events.source_event_id as event_order
    from {{ ref('stg_ecommerce__events') }} as events
    left join {{ ref('int_record_customers') }} as people on events.record_id = people.record_id

),

gaps as (

    select
        source_system,
        source_event_id,
        coalesce(visitor_id, source_event_id) as visitor_id,
        occurred_at,
        case
            when {{ x_micros('occurred_at') }} - {{ x_micros('lag(occurred_at) over (partition by source_system, coalesce(visitor_id, source_event_id) order by occurred_at nulls last, source_event_id)') }} < 1800000000
                then 0
            else 1
        end as is_start
    from events
    where session_id is null

),

visits as (

    select
        source_system,
        source_event_id,
        'visitor:' || visitor_id || ':' || cast(
            sum(is_start) over (
                partition by source_system, visitor_id
                order by occurred_at nulls last, source_event_id
                rows between unbounded preceding and current row
            ) as string
        ) as visit_reference
    from gaps

),

placed as (

    select events.*, 'session:' || events.session_id as visit_reference
    from events
    where events.session_id is not null
    union all
    select events.*, visits.visit_reference
    from events
    inner join visits on events.source_system = visits.source_system and events.source_event_id = visits.source_event_id

),

totals as (

    select
        source_system,
        visit_reference,
        min(event_order) as first_event_order,
        max(case when customer_id is not null then event_order || '|' || customer_id end) as last_identified,
        max(case when customer_id is not null then event_order end) as last_identified_order,
        count(*) as event_count,
        count_if(event_type = 'page_view') as page_view_count,
        count_if(event_type = 'product_view') as product_view_count,
        count_if(event_type = 'add_to_cart') as cart_add_count,
        count_if(event_type = 'purchase') as purchase_count,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at
    from placed
    group by source_system, visit_reference

)

select
    {{ x_key(["'session'", 'totals.source_system', 'totals.visit_reference', 'first_events.source_event_id']) }} as session_id,
    totals.source_system,
    totals.visit_reference as source_session_id,
    -- The person identified last in the visit: who logs in is the visitor, from the first page on.
    substr(totals.last_identified, length(totals.last_identified_order) + 2) as customer_id,
    first_events.channel,
    -- A medium that is a word of the vocabulary, the workspace's own included, is taken as it is.
    coalesce(
        words.channel,
        {{ visit_source_channel('first_events.utm_source', 'first_events.utm_medium', 'first_events.referrer_host') }}
    ) as source_channel,
    first_events.utm_campaign as source_campaign_id,
    first_events.page_path as landing_path,
    case when totals.purchase_count > 0 then 'purchase' when totals.cart_add_count > 0 then 'cart' else 'browse' end as outcome,
    cast(totals.event_count as bigint) as event_count,
    cast(totals.page_view_count as bigint) as page_view_count,
    cast(totals.product_view_count as bigint) as product_view_count,
    cast(totals.cart_add_count as bigint) as cart_add_count,
    cast(totals.purchase_count as bigint) as purchase_count,
    totals.started_at,
    totals.ended_at
from totals
inner join placed as first_events
    on totals.source_system = first_events.source_system
    and totals.visit_reference = first_events.visit_reference
    and totals.first_event_order = first_events.event_order
left join {{ ref('int_channels_declared') }} as words on {{ tag_word('first_events.utm_medium') }} = words.channel
