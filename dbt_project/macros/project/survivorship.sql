{#
    The fields of the golden record. `columns` come whole from one record; `has` tells that a record has the field;
    `same` are the columns by which two records say the same; `parts` make it complete; `proof` verifies it: a tax
    identifier whose check digits hold vouches for the identity beside it, a contact that worked for the contact. Nothing
    proves a wish or an income, so no record of these is verified. Without city and postal code, addresses are told apart
    by their state.
#}
{% macro golden_fields() -%}
{% set address = ['street', 'street_number', 'address_complement', 'district', 'city', 'state_code', 'postal_code', 'country_code'] %}
{% set state_alone = 'case when coalesce(postal_code, city) is null then state_code end' %}
{% set vouched = 'document_number is not null' %}
{{ return({
    'name': {'has': 'full_name is not null', 'columns': ['full_name', 'given_name', 'family_name'], 'same': ['full_name'], 'parts': ['given_name', 'family_name'], 'proof': vouched},
    'document': {'has': 'document_number is not null', 'columns': ['document_number', 'document_kind'], 'same': ['document_number', 'document_kind'], 'parts': ['document_kind'], 'proof': vouched},
    'birth_date': {'has': 'birth_date is not null', 'columns': ['birth_date'], 'same': ['birth_date'], 'parts': ['birth_date'], 'proof': vouched},
    'gender': {'has': 'gender is not null', 'columns': ['gender'], 'same': ['gender'], 'parts': ['gender'], 'proof': vouched},
    'email': {'has': 'email is not null', 'columns': ['email', 'email_key'], 'same': ['email_key'], 'parts': ['email'], 'proof': 'is_confirmed'},
    'phone': {'has': 'phone is not null', 'columns': ['phone', 'phone_key', 'phone_is_mobile'], 'same': ['phone_key'], 'parts': ['phone'], 'proof': 'is_confirmed'},
    'address': {'has': 'coalesce(postal_code, city, state_code) is not null', 'columns': address, 'same': ['street', 'street_number', 'postal_code', 'city', state_alone], 'parts': ['street', 'street_number', 'postal_code', 'city'], 'proof': 'is_confirmed'},
    'preferred_channel': {'has': 'preferred_channel is not null', 'columns': ['preferred_channel'], 'same': ['preferred_channel'], 'parts': ['preferred_channel']},
    'income': {'has': 'income_band is not null', 'columns': ['income_band'], 'same': ['income_band'], 'parts': ['income_band']},
}) }}
{%- endmacro %}

{# A number that is smallest for the record whose field survives: what the rule counts, then the order of its ties. #}
{% macro survivor_key(field, rule) -%}
{%- set group = 'partition by customer_id, ' ~ field.same | join(', ') -%}
{%- if rule == 'most_recent' -%}
recent_order
{%- elif rule == 'most_trusted' -%}
trust_order
{%- elif rule == 'most_complete' -%}
({% for part in field.parts %}case when {{ part }} is null then 1 else 0 end{{ ' + ' if not loop.last }}{% endfor %}) * {{ survivor_step() }} + recent_order
{%- elif rule == 'most_frequent' -%}
recent_order - count(case when not is_deleted then 1 end) over ({{ group }}) * {{ survivor_step() }}
{%- elif rule == 'verified' and field.proof -%}
min(case when {{ field.proof }} and not is_deleted then 0 else 1 end) over ({{ group }}) * {{ survivor_step() }} + recent_order
{%- else -%}
{{ exceptions.raise_compiler_error('no survivorship rule of this field is called ' ~ rule) }}
{%- endif -%}
{%- endmacro %}

{# More than the records of any customer, so that what a rule counts always comes before the order of ties. #}
{% macro survivor_step() %}cast(1000000000 as bigint){% endmacro %}

{# Place of a source system among those that the workspace trusts; those it does not name come after them, alike. #}
{% macro source_trust(source_system) -%}
{%- set trusted = var('survivorship').trusted_sources -%}
{%- if trusted -%}
case {{ source_system }}{% for name in trusted %} when {{ x_text(name) }} then {{ loop.index }}{% endfor %} else {{ trusted | length + 1 }} end
{%- else -%}
0
{%- endif -%}
{%- endmacro %}
