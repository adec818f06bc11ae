"""Normalise each person record once, and number the records in the order of their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from identity.evidence import BLOCK_COLUMNS
from identity.normalising.addresses import BIRTH_DATES, COMPLEMENTS, POSTAL_CODES, STREET_NUMBERS
from identity.normalising.countries import COUNTRIES
from identity.normalising.documents import DOCUMENTS
from identity.normalising.emails import EMAILS
from identity.normalising.identifiers import IDENTIFIERS
from identity.normalising.names import NAMES
from identity.normalising.phones import PHONES
from identity.normalising.stages import Bound, staged_select
from workspace.errors import ConfigError
from workspace.sql import quote_literal

if TYPE_CHECKING:
    from datetime import datetime

    from duckdb import DuckDBPyConnection

_KEPT = (
    "rid", "record_id", "source_system", "source_customer_id", "contract", "updated_at", "first_seen_at",
    "last_seen_at", "is_master", "is_deleted", "deleted_at", "reference_record_id", "record_hash", "gender",
    "row_count",
)  # fmt: skip
_AS_TYPED = (
    "street",
    "address_complement",
    "district",
    "city",
    "state_code",
    "loyalty_card_id",
    "account_id",
    "device_id",
)


RID = "cast(cast(cast('0x' || left(record_id, 16) as UBIGINT) as HUGEINT) - 9223372036854775808 as BIGINT)"
"""SQL for the number of a record: 64 of the 128 bits of its id, signed, in the same order."""


def create_records(con: DuckDBPyConnection, *, country: str, as_of: datetime) -> None:
    """Create the table `records` from `raw_records`, row by row in its order: `rid`, normalised fields and keys.

    `rid` is the first half of record_id as a number: the same in every run, and in the order of record_id. Columns
    ending in `_key` are for comparing; the others are for reading. A deleted registration keeps its row, emptied: what
    a source has deleted is no evidence.

    Args:
        con: Connection that holds `raw_records`.
        country: ISO code that stands where a record names no country.
        as_of: Instant of the run; nobody is born after it.
    """
    emptied = ", ".join(f"case when not is_deleted then {name} end as {'raw_' + name}" for name in BLOCK_COLUMNS)
    source = f"(select {RID} as rid, * exclude ({', '.join(BLOCK_COLUMNS)}), {emptied} from raw_records)"
    home = COUNTRIES.bind("home", value="raw_country_code", fallback=quote_literal(country))
    located = "(" + staged_select(source, [home], {"*": "*"}) + ")"
    bounds = _bounds(home["country"], as_of)
    # rows stay in the order of record_id, in which they are written
    con.execute("set preserve_insertion_order = true")
    select = staged_select(located, list(bounds.values()), _columns(bounds, home))
    con.execute(f"create or replace temp table records as {select}")
    con.execute("set preserve_insertion_order = false")


def refuse_collisions(con: DuckDBPyConnection, records: str) -> None:
    """Check that no two records share a number; by chance that happens once in a thousand million bases of a million.

    Raises:
        ConfigError: two do.
    """
    twice = con.execute(f"select count(*) - count(distinct rid) from {records}").fetchall()[0][0]
    if twice:
        raise ConfigError("two person records share the first half of their record id", expected="distinct halves")


def _bounds(country: str, as_of: datetime) -> dict[str, Bound]:
    return {
        "name": NAMES.bind("name", value="raw_person_name", country=country),
        "document": DOCUMENTS.bind("document", value="raw_document_number", country=country),
        "email": EMAILS.bind("email", value="raw_email"),
        "email_secondary": EMAILS.bind("email_secondary", value="raw_email_secondary"),
        "phone": PHONES.bind("phone", value="raw_phone", country=country),
        "phone_secondary": PHONES.bind("phone_secondary", value="raw_phone_secondary", country=country),
        "postal": POSTAL_CODES.bind("postal", value="raw_postal_code", country=country),
        "number": STREET_NUMBERS.bind("number", value="raw_street_number"),
        "door": COMPLEMENTS.bind("door", value="raw_address_complement"),
        "born": BIRTH_DATES.bind("born", value="raw_birth_date", as_of=quote_literal(f"{as_of:%Y-%m-%d}")),
        "loyalty_card": IDENTIFIERS.bind("loyalty_card", value="raw_loyalty_card_id"),
        "account": IDENTIFIERS.bind("account", value="raw_account_id"),
        "device": IDENTIFIERS.bind("device", value="raw_device_id"),
    }


def _columns(bounds: dict[str, Bound], home: Bound) -> dict[str, str]:
    name, document, email, second_email = (bounds[one] for one in ("name", "document", "email", "email_secondary"))
    phone, second_phone = bounds["phone"], bounds["phone_secondary"]
    company = f"{document['is_company_document']} or {name['is_company_name']}"
    return {
        **{column: column for column in _KEPT},
        "customer_kind": f"coalesce(customer_kind, case when {company} then 'company' else 'person' end)",
        **{output: name[output] for output in NAMES.outputs},
        "document_number": document["document"],
        "document_kind": document["document_kind"],
        "document_is_valid": f"coalesce({document['is_valid_document']}, false)",
        "document_is_company": f"coalesce({document['is_company_document']}, false)",
        "email": email["email"],
        "email_key": email["comparable"],
        "email_secondary": second_email["email"],
        "email_secondary_key": f"nullif({second_email['comparable']}, {email['comparable']})",
        "phone": phone["phone"],
        "phone_is_mobile": phone["is_mobile_phone"],
        "phone_is_landline": phone["is_landline"],
        "phone_key": _unless_placeholder(phone, "phone"),
        "phone_secondary": second_phone["phone"],
        "phone_secondary_is_landline": second_phone["is_landline"],
        "phone_secondary_key": f"nullif({_unless_placeholder(second_phone, 'phone')}, {phone['phone']})",
        "local_key": phone["local_number"],
        "birth_date": bounds["born"]["birth_date"],
        "given_birth_date": "raw_birth_date",
        **{column: f"nullif(trim(raw_{column}), '')" for column in _AS_TYPED},
        "street_number": bounds["number"]["street_number"],
        "postal_code": bounds["postal"]["postal_code"],
        "country_code": home["country"],
        "door_key": bounds["door"]["complement"],
        **{f"{kind}_key": bounds[kind]["key"] for kind in ("loyalty_card", "account", "device")},
    }


def _unless_placeholder(phone: Bound, output: str) -> str:
    return f"case when not {phone['is_placeholder_number']} then {phone[output]} end"
