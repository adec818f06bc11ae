-- Records whose contact proved to work: an online order with it was paid, or a message to it was reported as received.
{% set received = "('delivered', 'open', 'click', 'reply', 'redemption', 'conversion')" %}
select record_id from {{ ref('stg_ecommerce__orders') }}
where status in ('paid', 'shipped', 'delivered') and record_id is not null
union
select record_id from {{ ref('stg_feedback__channel_receipts') }}
where response_type in {{ received }} and record_id is not null
union
select record_id from {{ ref('stg_campaign__responses') }}
where response_type in {{ received }} and record_id is not null
