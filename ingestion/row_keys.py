"""SQL for the identities of a lake row: its key, the hash of its content, and the person record it belongs to."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from workspace.sql import quote_identifier

if TYPE_CHECKING:
    from data_contracts.loader import Contract

_SEPARATOR = "chr(31)"
_NULL = "chr(30)"
PERSON_BLOCK = frozenset(
    {
        *("person_name", "document_number", "email", "email_secondary", "phone", "phone_secondary", "birth_date"),
        *("street", "street_number", "address_complement", "district", "city", "state_code", "postal_code"),
        *("country_code", "loyalty_card_id", "account_id", "device_id"),
    }
)


def row_key(contract: Contract) -> str:
    """Return SQL for `_row_key`: a hash of the primary key."""
    return _hash_number(_values(contract.primary_key))


def row_hash(contract: Contract, filled: Collection[str]) -> str:
    """Return SQL for `_row_hash`: a hash of the columns that have a value, each with its name.

    Empty columns are left out, so that a column that a later version of the contract adds does not make every row of
    the past look changed. `filled` are the columns that may have a value.
    """
    return _hash_number(_pairs([column.name for column in contract.columns], filled))


def _hash_number(text: str) -> str:
    # md5 and not hash(): DuckDB may change hash() between versions, and these numbers stay in the lake for years.
    # The upper half of md5_number, because md5_number_upper and _lower cost four times as much.
    return f"cast(cast(md5_number({text}) >> 64 as HUGEINT) - 9223372036854775808 as BIGINT)"


def _values(names: Iterable[str]) -> str:
    parts = [f"coalesce(cast({quote_identifier(name)} as VARCHAR), {_NULL})" for name in names]
    return f"concat_ws({_SEPARATOR}, {', '.join(parts)})"


def _pairs(names: Iterable[str], filled: Collection[str]) -> str:
    parts = [f"'{name}=' || cast({quote_identifier(name)} as VARCHAR)" for name in names if name in filled]
    return f"concat_ws({_SEPARATOR}, {', '.join(parts)})"


def record_id(contract: Contract, filled: Collection[str]) -> str:
    """Return SQL for `_record_id`: one person record is one distinct bundle of evidence.

    A master's record is its source id. A reference that brings evidence of its own (name, document, e-mail …) is a
    record of that evidence; one that only points at a registered customer is that customer's record. `filled` are the
    columns that may have a value.
    """
    if contract.person_role == "master":
        source_id = next(name for name in contract.primary_key if name != "source_system")
        return f"md5(concat_ws({_SEPARATOR}, 'ref', source_system, {quote_identifier(source_id)}))"
    if contract.person_role != "reference" or not person_block(contract):
        return "cast(null as VARCHAR)"
    block = [name for name in person_block(contract) if name in filled]
    reference = f"md5(concat_ws({_SEPARATOR}, 'ref', coalesce(customer_ref_system, source_system), customer_ref_id))"
    cases = [f"when customer_ref_id is not null then {reference}"]
    if block:
        empty = " and ".join(f"{quote_identifier(name)} is null" for name in block)
        evidence = _pairs(["source_system", "customer_ref_system", "customer_ref_id", *block], filled)
        cases.insert(0, f"when not ({empty}) then md5(concat_ws({_SEPARATOR}, 'block', {evidence}))")
    return f"case {' '.join(cases)} end"


def person_block(contract: Contract) -> list[str]:
    """Return the columns of the person block that the contract has, in its order."""
    return [column.name for column in contract.columns if column.name in PERSON_BLOCK]
