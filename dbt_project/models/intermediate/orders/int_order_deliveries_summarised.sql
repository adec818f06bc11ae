-- A promise is kept on the day it names, in the company's time zone. A parcel that is neither delivered nor due yet is
-- undecided; a parcel past its day is late whether or not it ever comes. Cancelled deliveries are no promises.
with parcels as (

    select
        source_system,
        source_order_id,
        promised_on,
        coalesce(promised_on_latest, promised_on) as promised_on_latest,
        delivered_at,
        case
            when promised_on is null then null
            when delivered_at is not null then {{ local_date('delivered_at') }} <= promised_on
            when promised_on < {{ as_of_date() }} then false
        end as is_on_time
    from {{ ref('stg_ecommerce__deliveries') }}
    where status <> 'cancelled'

)

select
    source_system,
    source_order_id,
    max(promised_on) as promised_on,
    max(promised_on_latest) as promised_on_latest,
    case
        when count_if(is_on_time = false) > 0 then false
        when count_if(promised_on is not null and is_on_time is null) > 0 then null
        when count(is_on_time) > 0 then true
    end as is_delivered_on_time,
    case when count(delivered_at) = count(*) then max(delivered_at) end as delivered_at
from parcels
group by source_system, source_order_id
