-- A store id is the company's own: when two systems list it, the one updated last speaks.
with listed as (

    select
        stores.*,
        row_number() over (partition by store_id order by updated_at desc nulls last, source_system) as list_rank
    from {{ ref('stg_pos__stores') }} as stores

),

selling as (

    select store_id from {{ ref('stg_pos__sales') }}
    union
    select store_id from {{ ref('stg_ecommerce__orders') }} where store_id is not null

),

registered as (

    select * from listed where list_rank = 1

)

select
    coalesce(registered.store_id, selling.store_id) as store_id,
    registered.source_system,
    registered.store_name,
    registered.store_kind,
    registered.city,
    registered.state_code,
    registered.postal_code,
    registered.country_code,
    registered.timezone,
    registered.store_id is not null as is_registered,
    registered.opened_on
from registered
full outer join selling on registered.store_id = selling.store_id
