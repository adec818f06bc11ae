-- A field of the golden record names the record it was taken from, and that record is one of the customer's own,
-- which the source has not deleted.
with origins as (

    {% for name in golden_fields() -%}
    select customer_id, {{ name }}_record_id as record_id
    from {{ ref('dim_customers') }}
    where {{ name }}_record_id is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select origins.customer_id, origins.record_id
from origins
left join {{ ref('bridge_customer_records') }} as records
    on origins.record_id = records.record_id and origins.customer_id = records.customer_id
where records.record_id is null or records.is_deleted
union all
select customer_id, 'a field without its record'
from {{ ref('dim_customers') }}
where (has_email and email_record_id is null) or (has_phone and phone_record_id is null)
    or (has_document and document_record_id is null)
    or (preferred_channel is not null and preferred_channel_record_id is null)
    or (income_band is not null and income_record_id is null)
