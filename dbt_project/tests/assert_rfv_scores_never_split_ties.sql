-- Equal values have equal scores, and a better value never has a worse score; in every snapshot.
with ranges as (

    select snapshot_on, 'recency' as measure, recency_score as score, -max(recency_days) as lowest, -min(recency_days) as highest
    from {{ ref('int_customer_rfv_snapshotted') }}
    group by snapshot_on, recency_score
    union all
    select snapshot_on, 'frequency', frequency_score, min(order_count), max(order_count)
    from {{ ref('int_customer_rfv_snapshotted') }}
    group by snapshot_on, frequency_score
    union all
    select snapshot_on, 'value', value_score, min(value_amount), max(value_amount)
    from {{ ref('int_customer_rfv_snapshotted') }}
    group by snapshot_on, value_score

)

select worse.snapshot_on, worse.measure, worse.score, better.score as better_score
from ranges as worse
inner join ranges as better
    on worse.snapshot_on = better.snapshot_on and worse.measure = better.measure and worse.score < better.score
where worse.highest >= better.lowest
