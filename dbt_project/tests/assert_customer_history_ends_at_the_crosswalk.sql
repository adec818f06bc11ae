-- The last change of a record says which customer it belongs to today; a record that never changed has no customer.
with last_changes as (

    select
        record_id,
        new_customer_id,
        row_number() over (partition by record_id order by change_number desc) as change_rank
    from {{ ref('customer_id_history') }}

)

select crosswalk.record_id, crosswalk.customer_id, last_changes.new_customer_id
from {{ ref('stg_identity__customer_crosswalk') }} as crosswalk
left join last_changes on crosswalk.record_id = last_changes.record_id and last_changes.change_rank = 1
where crosswalk.customer_id is distinct from last_changes.new_customer_id
