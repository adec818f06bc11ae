-- Responses and receipts are all there, whether or not their contact is known: an unsubscription must not get lost.
with expected as (

    select 'campaign' as response_source, count(*) as row_count from {{ ref('stg_campaign__responses') }}
    union all
    select 'receipt' as response_source, count(*) as row_count from {{ ref('stg_feedback__channel_receipts') }}

)

select expected.response_source, expected.row_count, count(responses.campaign_response_id) as found_count
from expected
left join {{ ref('fct_campaign_responses') }} as responses on expected.response_source = responses.response_source
group by expected.response_source, expected.row_count
having expected.row_count <> count(responses.campaign_response_id)
