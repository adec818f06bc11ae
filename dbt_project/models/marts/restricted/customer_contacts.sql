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
    -- Mobile numbers: Brazil +55, two digits of area, a nine and eight more; Portugal +351 9; Spain +34 6 or 7.
    coalesce({{ x_re_like('contacts.phone', '^[+](55[1-9][0-9]9[0-9]{8}|3519[0-9]{8}|34[67][0-9]{8})$') }}, false) as phone_is_mobile,
    contacts.birth_date
from {{ ref('int_customers_consolidated') }} as contacts
inner join {{ ref('dim_customers') }} as customers on contacts.customer_id = customers.customer_id
where not customers.is_erased
