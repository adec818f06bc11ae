-- A campaign contact outside the control group is exactly one interaction, with the same status; one of the control
-- group is none, because nobody was contacted.
with interactions as (

    select source_system, source_interaction_id, count(*) as interaction_count, min(status) as status
    from {{ ref('fct_interactions') }}
    where interaction_type = 'campaign'
    group by source_system, source_interaction_id

)

select contacts.campaign_contact_id
from {{ ref('fct_campaign_contacts') }} as contacts
left join interactions
    on contacts.source_system = interactions.source_system
    and contacts.source_contact_id = interactions.source_interaction_id
where
    coalesce(interactions.interaction_count, 0) <> case when contacts.is_control then 0 else 1 end
    or (not contacts.is_control and contacts.status <> interactions.status)
