-- One row per visit to the site or the app. A visit is the session of the source when the source has one; else the
-- events of one visitor (device, or person record) with less than 30 minutes between them. Only events without a
-- session go through windows, and only the columns that decide a visit go with them: what the first event says about
-- the visit is fetched at the end, for one event of each.
{%- set gap_micros = 30 * 60 * 1000000 %}
with events as (

    select
        events.source_system,
        events.source_event_id,
        events.session_id,
        coalesce(events.device_id, events.record_id, events.source_event_id) as visitor_id,
        people.customer_id,
        events.event_type,
        events.occurred_at,
        {{ x_micros('events.occurred_at') }} as occurred_micros
    from {{ ref('stg_ecommerce__events') }} as events
    left join {{ ref('int_record_customers') }} as people on events.record_id = people.record_id

),

spaced as (

    select
        *,
        occurred_micros - lag(occurred_micros) over (
            partition by source_system, visitor_id
            order by occurred_micros nulls last, source_event_id
        ) as micros_since_previous
    from events
    where session_id is null

),

numbered as (

    select
        *,
        sum(case when micros_since_previous < {{ gap_micros }} then 0 else 1 end) over (
            partition by source_system, visitor_id
            order by occurred_micros nulls last, source_event_id
            rows between unbounded preceding and current row
        ) as visit_number
    from spaced

),

placed as (

    select
        source_system, 'session:' || session_id as visit_reference, source_event_id, customer_id, event_type,
        occurred_at, occurred_micros
    from events
    where session_id is not null
    union all
    select
        source_system, 'visitor:' || visitor_id || ':' || cast(visit_number as string) as visit_reference,
        source_event_id, customer_id, event_type, occurred_at, occurred_micros
    from numbered

),

totals as (

    select
        source_system,
        visit_reference,
        -- Text that sorts by instant (16 digits) and then by identifier: first and last event are a min and a max.
        min(lpad(cast(occurred_micros as string), 16, '0') || source_event_id) as first_event,
        max(case when customer_id is not null then lpad(cast(occurred_micros as string), 16, '0') || source_event_id || '|' || customer_id end) as last_identified,
        max(case when customer_id is not null then lpad(cast(occurred_micros as string), 16, '0') || source_event_id end) as last_identified_event,
        count(*) as event_count,
        count_if(event_type = 'page_view') as page_view_count,
        count_if(event_type = 'product_view') as product_view_count,
        count_if(event_type = 'add_to_cart') as cart_add_count,
        count_if(event_type = 'purchase') as purchase_count,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at
    from placed
    group by source_system, visit_reference

),

visits as (

    select *, substr(first_event, 17) as first_event_id
    from totals

)

select
    {{ x_key(["'session'", 'visits.source_system', 'visits.visit_reference', 'visits.first_event_id']) }} as session_id,
    visits.source_system,
    visits.visit_reference as source_session_id,
    -- The person identified last in the visit: who logs in is the visitor, from the first page on.
    substr(visits.last_identified, length(visits.last_identified_event) + 2) as customer_id,
    first_events.channel,
    -- A medium that is a word of the vocabulary, the workspace's own included, is taken as it is.
    coalesce(
        words.channel,
        {{ visit_source_channel('first_events.utm_source', 'first_events.utm_medium', 'first_events.referrer_host') }}
    ) as source_channel,
    first_events.utm_campaign as source_campaign_id,
    first_events.page_path as landing_path,
    case when visits.purchase_count > 0 then 'purchase' when visits.cart_add_count > 0 then 'cart' else 'browse' end as outcome,
    cast(visits.event_count as bigint) as event_count,
    cast(visits.page_view_count as bigint) as page_view_count,
    cast(visits.product_view_count as bigint) as product_view_count,
    cast(visits.cart_add_count as bigint) as cart_add_count,
    cast(visits.purchase_count as bigint) as purchase_count,
    visits.started_at,
    visits.ended_at
from visits
inner join {{ ref('stg_ecommerce__events') }} as first_events
    on visits.source_system = first_events.source_system
    and visits.first_event_id = first_events.source_event_id
left join {{ ref('int_channels_declared') }} as words on {{ tag_word('first_events.utm_medium') }} = words.channel
