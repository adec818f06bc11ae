"""The questions a profile asks of the published view; each binds the customer and, where it lists, how many rows."""

from __future__ import annotations

PERSON = """
select d.customer_id, d.customer_kind, c.full_name, c.document_number, c.document_kind, c.email, c.phone, c.birth_date,
    c.street, c.street_number, c.address_complement, c.district, c.city, c.state_code, c.postal_code, c.country_code,
    d.gender, d.age_band, d.household_id, d.company_id, d.preferred_channel, d.acquisition_channel,
    d.customer_id_source, d.record_count, d.source_system_count, d.registered_at, d.first_seen_at, d.last_seen_at,
    d.is_internal, d.is_erased
from marts.dim_customers as d left join restricted.customer_contacts as c using (customer_id)
where d.customer_id = $customer
"""

SUMMARY = "select * from marts.customer_360 where customer_id = $customer"

CONTACTS = """
select occurred_at, channel, direction, interaction_type, contact_type, status, outcome, protocol_number, case_id,
    order_id, campaign_id, subject
from marts.fct_interactions where customer_id = $customer
order by occurred_at desc nulls last, interaction_id limit $most
"""

OPEN_CASES = """
with contacts as (
    select *, row_number() over (
        partition by case_id order by opened_at desc nulls last, service_contact_id) as place
    from marts.fct_service_contacts where customer_id = $customer and is_open
)
select case_id, protocol_number, contact_type, channel, subject, status, opened_at, answered_at, answer_due_at,
    order_id, is_reopened
from contacts where place = 1
order by opened_at nulls last, case_id limit $most
"""

ORDERS = """
select ordered_at, source_system, source_order_id, store_kind, sales_channel, status, net_revenue_amount, currency_code,
    line_count, promised_on, delivered_at, is_delivered_on_time, order_id
from marts.fct_orders where customer_id = $customer
order by ordered_at desc nulls last, order_id limit $most
"""

CONSENTS = """
select consent_channel, purpose, status, legal_basis, decided_at, source_system, consent_source
from marts.dim_customer_consents where customer_id = $customer
order by consent_channel, purpose
"""

SUPPRESSIONS = """
select consent_channel, reason, since_at from marts.dim_customer_suppressions where customer_id = $customer
order by consent_channel, reason
"""

SEGMENTS = """
select segment_kind, segment_name, entered_on from marts.dim_customer_segments
where customer_id = $customer and is_current
order by segment_kind, segment_name
"""

CAMPAIGNS = """
select f.contacted_at, c.campaign_name, f.campaign_id, f.channel, f.purpose, f.status, f.outcome, f.is_control
from marts.fct_campaign_contacts as f left join marts.dim_campaigns as c using (campaign_id)
where f.customer_id = $customer
order by f.contacted_at desc nulls last, f.campaign_contact_id limit $most
"""

DESTINATIONS = """
select sync_id, destination_id, status, first_sent_at, last_sent_at, run_id from ops.sync_state
where customer_id = $customer
order by sync_id
"""

LEFT_OUT = """
select sync_id, audience_id, channel, purpose, reason_code, run_id from ops.sync_rows
where customer_id = $customer and operation = 'none'
order by sync_id
"""
