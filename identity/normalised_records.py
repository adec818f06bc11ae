"""Normalise each person record once, and number the records by their id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from identity.normalising.addresses import BIRTH_DATES, COMPLEMENTS, POSTAL_CODES, STREET_NUMBERS
from identity.normalising.documents import DOCUMENTS
from identity.normalising.emails import EMAILS
from identity.normalising.names import NAMES
from identity.normalising.phones import PHONES
from identity.normalising.stages import Normaliser, staged_select
from workspace.sql import quote_literal

if TYPE_CHECKING:
    from datetime import datetime

    from duckdb import DuckDBPyConnection

COUNTRIES = Normaliser(
    inputs=("value", "fallback"),
    stages=(
        {"text": "upper(strip_accents(trim({value})))"},
        {
            "country": "case when {text} in ('BR', 'BRA', 'BRASIL', 'BRAZIL') then 'BR' when {text} in ('PT', 'PRT', 'PORTUGAL') "
            "then 'PT' when {text} in ('ES', 'ESP', 'ESPANA', 'SPAIN') then 'ES' "
            "when regexp_full_match({text}, '[A-Z]{2}') then {text} else {fallback} end",
        },
    ),
    outputs=("country",),
)
IDENTIFIERS = Normaliser(
    inputs=("value",),
    stages=({"key": "nullif(upper(regexp_replace(trim({value}), '^[ 0]+|[\\s.-]+', '', 'g')), '')"},),
    outputs=("key",),
)
"""Key of a card, account or device: upper case, without leading zeros, spaces, dots and dashes."""


def create_records(con: DuckDBPyConnection, *, country: str, as_of: datetime) -> None:
    """Create the table `records` from `raw_records`: `rid` (number in the order of record_id), normalised fields and keys.

    Columns ending in `_key` are for comparing; the others are for reading. A deleted master keeps its row, emptied: what a
    source has deleted is no evidence.
    """
    source = (
        "(select row_number() over (order by record_id) - 1 as rid, * exclude (document_number, email, email_secondary, phone, "
        "phone_secondary, birth_date, postal_code, country_code, street_number), "
        "case when not is_deleted then document_number end as raw_document, case when not is_deleted then email end as raw_email, "
        "case when not is_deleted then email_secondary end as raw_email_2, case when not is_deleted then phone end as raw_phone, "
        "case when not is_deleted then phone_secondary end as raw_phone_2, "
        "case when not is_deleted then birth_date end as raw_birth_date, "
        "case when not is_deleted then postal_code end as raw_postal_code, country_code as raw_country, "
        "case when not is_deleted then street_number end as raw_street_number from raw_records)"
    )
    home = COUNTRIES.bind("home", value="raw_country", fallback=quote_literal(country))
    located = f"({staged_select(source, [home], {'*': '*'}).replace('* as ' + chr(34) + '*' + chr(34), '*')})"
    where = home["country"]
    name = NAMES.bind("name", value="case when not is_deleted then person_name end", country=where)
    document = DOCUMENTS.bind("doc", value="raw_document", country=where)
    email, email_2 = EMAILS.bind("mail", value="raw_email"), EMAILS.bind("mail2", value="raw_email_2")
    phone = PHONES.bind("tel", value="raw_phone", country=where)
    phone_2 = PHONES.bind("tel2", value="raw_phone_2", country=where)
    postal = POSTAL_CODES.bind("postal", value="raw_postal_code", country=where)
    number, door = (
        STREET_NUMBERS.bind("house", value="raw_street_number"),
        COMPLEMENTS.bind("door", value="address_complement"),
    )
    born = BIRTH_DATES.bind("born", value="raw_birth_date", as_of=quote_literal(f"{as_of:%Y-%m-%d}"))
    keys = {kind: IDENTIFIERS.bind(kind, value=f"{kind}_id") for kind in ("loyalty_card", "account", "device")}
    kept = (
        "rid", "record_id", "source_system", "source_customer_id", "contract", "updated_at", "first_seen_at", "last_seen_at",
        "is_master", "is_deleted", "deleted_at", "reference_record_id", "record_hash", "gender", "row_count",
    )  # fmt: skip
    columns = {column: column for column in kept} | {
        "customer_kind": f"coalesce(customer_kind, case when {document['is_company_document']} or {name['is_company_name']} "
        "then 'company' else 'person' end)",
        **{output: name[output] for output in NAMES.outputs},
        "document_number": document["document"], "document_kind": document["document_kind"],
        "document_is_valid": f"coalesce({document['is_valid_document']}, false)",
        "document_is_company": f"coalesce({document['is_company_document']}, false)",
        "email": email["email"], "email_key": email["comparable"],
        "email_secondary": email_2["email"], "email_secondary_key": f"nullif({email_2['comparable']}, {email['comparable']})",
        "phone": phone["phone"], "phone_is_mobile": phone["is_mobile_phone"], "phone_is_landline": phone["is_landline"],
        "phone_key": f"case when not {phone['is_placeholder_number']} then {phone['phone']} end",
        "phone_secondary": phone_2["phone"], "phone_secondary_is_landline": phone_2["is_landline"],
        "phone_secondary_key": f"case when not {phone_2['is_placeholder_number']} then nullif({phone_2['phone']}, {phone['phone']}) end",
        "local_key": phone["local_number"], "birth_date": born["birth_date"],
        **{column: f"case when not is_deleted then nullif(trim({column}), '') end" for column in
           ("street", "address_complement", "district", "city", "state_code", "loyalty_card_id", "account_id", "device_id")},
        "street_number": number["street_number"], "postal_code": postal["postal_code"], "country_code": where,
        "door_key": door["complement"],
        **{f"{kind}_key": f"case when not is_deleted then {bound['key']} end" for kind, bound in keys.items()},
    }  # fmt: skip
    bounds = [name, document, email, email_2, phone, phone_2, postal, number, door, born, *keys.values()]
    con.execute(f"create or replace temp table records as {staged_select(located, bounds, columns)}")
