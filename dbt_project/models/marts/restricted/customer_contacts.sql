-- Erased people have no row: nothing of theirs may be read or sent, not even by mistake.
select
    contacts.customer_id,
    contacts.full_name,
    contacts.given_name,
    contacts.family_name,
    contacts.document_number,
    contacts.document_kind,
    contacts.email,
    contacts.phone,
    contacts.street,
    contacts.street_number,
    contacts.address_complement,
    contacts.district,
    contacts.city,
    contacts.state_code,
    contacts.postal_code,
    contacts.country_code,
    contacts.phone_is_mobile is not null and contacts.phone_is_mobile as phone_is_mobile,
    contacts.birth_date
from {{ ref('int_customers_consolidated') }} as contacts
inner join {{ ref('dim_customers') }} as customers on contacts.customer_id = customers.customer_id
where not customers.is_erased
