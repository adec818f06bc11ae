-- One row per response or receipt, with what it is taken for. A machine's open or click, and a person's answer after
-- the window, prove no more than the delivery. A bounce, an unsubscription or a complaint counts at any time.
with responses as (

    select
        campaign_response_id,
        'campaign' as response_source,
        campaign_contact_id as contact_id,
        campaign_id,
        customer_id,
        match_rule,
        source_system,
        source_response_id,
        channel,
        response_type,
        cast(null as string) as reason_code,
        source_order_id,
        order_source_system,
        value_amount,
        currency_code,
        is_machine,
        response_window_days,
        contacted_at,
        responded_at
    from {{ ref('int_campaign_responses_matched') }}
    union all
    select
        campaign_response_id,
        'receipt' as response_source,
        message_id as contact_id,
        cast(null as string) as campaign_id,
        customer_id,
        match_rule,
        source_system,
        provider_event_id as source_response_id,
        channel,
        response_type,
        reason_code,
        cast(null as string) as source_order_id,
        cast(null as string) as order_source_system,
        cast(null as decimal(18,2)) as value_amount,
        currency_code,
        is_machine,
        response_window_days,
        sent_at as contacted_at,
        responded_at
    from {{ ref('int_channel_receipts_matched') }}

),

judged as (

    select
        *,
        coalesce({{ x_micros('responded_at') }} - {{ x_micros('contacted_at') }} <= response_window_days * 86400000000, true) as is_in_window
    from responses

)

select
    *,
    case
        when response_type in ('open', 'click') and is_machine then 'delivered'
        when response_type in ('open', 'click', 'reply', 'redemption', 'conversion') and not is_in_window then 'delivered'
        else response_type
    end as counted_type
from judged
