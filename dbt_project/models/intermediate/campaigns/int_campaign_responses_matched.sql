-- One row per response of the campaign tools, with the contact it answers: the contact it names, else the latest
-- contact of the same campaign and person before it (same medium first), else the earliest after it, else none.
with responses as (

    select
        {{ x_key(["'response'", 'responses.source_system', 'responses.source_response_id']) }} as campaign_response_id,
        responses.*,
        people.customer_id,
        coalesce(people.customer_id, responses.record_id) as person_key
    from {{ ref('stg_campaign__responses') }} as responses
    left join {{ ref('int_record_customers') }} as people on responses.record_id = people.record_id

),

contacts as (

    select * from {{ ref('int_campaign_contacts_resolved') }}

),

named as (

    select
        responses.campaign_response_id,
        contacts.campaign_contact_id
    from responses
    inner join contacts
        on responses.source_system = contacts.source_system and responses.source_contact_id = contacts.source_contact_id

),

candidates as (

    select
        responses.campaign_response_id,
        contacts.campaign_contact_id,
        row_number() over (
            partition by responses.campaign_response_id
            order by
                case when contacts.contacted_at <= responses.responded_at then 0 else 1 end,
                case when contacts.channel = responses.channel then 0 else 1 end,
                abs({{ x_micros('responses.responded_at') }} - {{ x_micros('contacts.contacted_at') }}) nulls last,
                contacts.campaign_contact_id
        ) as candidate_rank
    from responses
    inner join contacts
        on responses.source_system = contacts.source_system
        and responses.source_campaign_id = contacts.source_campaign_id
        and responses.person_key = contacts.person_key
    left join named on responses.campaign_response_id = named.campaign_response_id
    where named.campaign_response_id is null and not contacts.is_control

),

matched as (

    select campaign_response_id, campaign_contact_id, 'contact' as match_rule from named
    union all
    select campaign_response_id, campaign_contact_id, 'campaign_and_customer' as match_rule
    from candidates
    where candidate_rank = 1

)

select
    responses.campaign_response_id,
    matched.campaign_contact_id,
    coalesce(
        contacts.campaign_id,
        case
            when responses.source_campaign_id is not null
                then {{ x_key(["'campaign'", 'responses.source_system', 'responses.source_campaign_id']) }}
        end
    ) as campaign_id,
    coalesce(responses.customer_id, contacts.customer_id) as customer_id,
    coalesce(matched.match_rule, 'none') as match_rule,
    responses.source_system,
    responses.source_response_id,
    responses.channel,
    responses.response_type,
    responses.source_order_id,
    coalesce(responses.order_source_system, responses.source_system) as order_source_system,
    responses.value_amount,
    responses.currency_code,
    coalesce(responses.is_machine, false) as is_machine,
    contacts.response_window_days,
    contacts.contacted_at,
    responses.responded_at
from responses
left join matched on responses.campaign_response_id = matched.campaign_response_id
left join contacts on matched.campaign_contact_id = contacts.campaign_contact_id
