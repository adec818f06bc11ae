"""Random customers: each field of the golden record, and the record it came from, are those that the rules in words give."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, get_args

import duckdb
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from survivorship_oracle import ADDRESS, FIELDS, Row, golden_record, render

from dbt_project.survivorship import Rule, StatedRule, Survivorship

INSTANTS = (None, datetime(2025, 1, 1), datetime(2025, 6, 1), datetime(2026, 1, 1))
SYSTEMS = ("crm", "shop", "till", "o'hara")
RECORD_COLUMNS = {
    "record_id": "varchar", "customer_id": "varchar", "source_system": "varchar", "source_customer_id": "varchar",
    "contract": "varchar", "customer_kind": "varchar", "is_master": "boolean", "is_deleted": "boolean",
    "updated_at": "timestamp", "first_seen_at": "timestamp", "last_seen_at": "timestamp",
    "full_name": "varchar", "given_name": "varchar", "family_name": "varchar", "document_number": "varchar",
    "document_kind": "varchar", "birth_date": "date", "gender": "varchar", "email": "varchar", "email_key": "varchar",
    "phone": "varchar", "phone_key": "varchar", "phone_is_mobile": "boolean", **dict.fromkeys(ADDRESS, "varchar"),
    "preferred_channel": "varchar", "income_band": "varchar",
}  # fmt: skip
REFUSED = {"email": "shop@mail", "phone": "+5500", "document": "000"}
"""Values that a guard blocks, or whose check digits fail: they are nobody's."""


def maybe(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from((None, *values))


names = maybe(("ana b", "ana", "b"), ("ana", "ana", None), ("bia", "bia", None))
emails = maybe(("a@mail", "a@mail"), ("a+1@mail", "a@mail"), ("b@mail", "b@mail"), (REFUSED["email"], REFUSED["email"]))
phones = maybe(("+551", "+551"), ("+552", "+552"), (REFUSED["phone"], REFUSED["phone"]), ("+559", None))
documents = maybe(("1", "cpf"), ("1", None), ("2", "nif"), (REFUSED["document"], "cpf"))
WHOLE = {"street": "rua a", "street_number": "1", "city": "santos", "state_code": "SP", "postal_code": "11000-000"}
addresses = maybe(
    WHOLE,
    WHOLE | {"address_complement": "casa", "state_code": None},
    WHOLE | {"street": "rua b", "postal_code": None},
    {"city": "santos", "state_code": "SP"},
    {"state_code": "SP"},
    {"state_code": "RJ"},
    {"street": "rua a"},
)
records = st.fixed_dictionaries(
    {
        "source_system": st.sampled_from(SYSTEMS),
        "is_master": st.booleans(),
        "is_deleted": st.sampled_from((False, False, False, True)),
        "updated_at": st.sampled_from(INSTANTS),
        "last_seen_at": st.sampled_from(INSTANTS),
        "name": names,
        "document": documents,
        "birth_date": maybe(date(1980, 1, 2), date(1990, 3, 4)),
        "gender": maybe("female", "male", "unknown"),
        "email": emails,
        "phone": phones,
        "phone_is_mobile": maybe(True, False),
        "address": addresses,
        "preferred_channel": maybe("email", "sms"),
        "income_band": maybe("low", "high"),
        "is_confirmed": st.booleans(),
    }
)
policies = st.builds(
    lambda rules, trusted: Survivorship.model_validate({"rules": rules, "trusted_sources": trusted}),
    st.fixed_dictionaries(
        {
            field: st.sampled_from(get_args(StatedRule if field in ("preferred_channel", "income") else Rule))
            for field in FIELDS
        }
    ),
    st.lists(st.sampled_from(SYSTEMS), unique=True, max_size=3),
)


SILENT: Row = dict.fromkeys(
    ("name", "document", "birth_date", "gender", "email", "phone", "phone_is_mobile", "address", "last_seen_at",
     "preferred_channel", "income_band")
) | {"source_system": "crm", "is_master": True, "is_deleted": False, "is_confirmed": False}  # fmt: skip
STATES: list[Row] = [
    SILENT | {"address": {"state_code": state}, "updated_at": instant}
    for state, instant in (("RJ", INSTANTS[3]), ("SP", INSTANTS[2]), ("SP", INSTANTS[1]))
]
"""Two of three say the same state and no more; the third said another one last."""


def spread(drawn: Row, customer: int, place: int) -> Row:
    """Return a drawn record as identity publishes it."""
    row: Row = dict.fromkeys(RECORD_COLUMNS) | {name: value for name, value in drawn.items() if name in RECORD_COLUMNS}
    row |= {"record_id": f"r{customer}{place}", "customer_id": f"c{customer}"}
    row |= dict(zip(("full_name", "given_name", "family_name"), drawn["name"] or (None,) * 3, strict=True))
    for kind, columns in (
        ("document", ("document_number", "document_kind")),
        ("email", ("email", "email_key")),
        ("phone", ("phone", "phone_key")),
    ):
        row |= dict(zip(columns, drawn[kind] or (None, None), strict=True))
    row |= drawn["address"] or {}
    # evidence states neither a wish nor an income, and a shop's account no income
    row["preferred_channel"] = row["preferred_channel"] if row["is_master"] else None
    row["income_band"] = row["income_band"] if row["is_master"] and row["source_system"] != "shop" else None
    return row


def usable(row: Row) -> Row:
    """Return a record without what is refused or unknown, as the golden record may take it."""
    kept = row | {"phone_is_mobile": bool(row["phone_is_mobile"])}
    if row["document_number"] == REFUSED["document"]:
        kept |= {"document_number": None, "document_kind": None}
    if row["email_key"] in (None, REFUSED["email"]):
        kept["email"] = None
    if row["phone_key"] in (None, REFUSED["phone"]):
        kept["phone"] = None
    return kept | {"gender": None if row["gender"] == "unknown" else row["gender"]}


def fill(con: duckdb.DuckDBPyConnection, table: str, columns: dict[str, str], rows: Iterable[Row]) -> None:
    con.execute(f"create or replace table {table} ({', '.join(f'{name} {kind}' for name, kind in columns.items())})")
    values = [[row[name] for name in columns] for row in rows]
    if values:
        con.executemany(f"insert into {table} values ({', '.join('?' * len(columns))})", values)


def survivors(
    con: duckdb.DuckDBPyConnection, policy: Survivorship, rows: list[Row], confirmed: set[str]
) -> dict[str, Row]:
    """Return the golden record of each customer as the models make it of the rows, in the order in which they stand."""
    fill(con, "stg_identity__customer_records", RECORD_COLUMNS, rows)
    fill(con, "int_record_customers", {"record_id": "varchar", "customer_id": "varchar"}, rows)
    fill(con, "int_records_confirmed", {"record_id": "varchar"}, ({"record_id": one} for one in sorted(confirmed)))
    held = [
        {"record_id": row["record_id"], "identifier_kind": kind, "identifier_value": row[column],
         "is_valid": row[column] != REFUSED[kind] or kind != "document", "is_blocked": row[column] == REFUSED[kind]}
        for row in rows
        for kind, column in (("document", "document_number"), ("email", "email_key"), ("phone", "phone_key"))
        if row[column] is not None
    ]  # fmt: skip
    kinds = dict.fromkeys(("record_id", "identifier_kind", "identifier_value"), "varchar")
    fill(con, "stg_identity__customer_identifiers", kinds | {"is_valid": "boolean", "is_blocked": "boolean"}, held)
    stated = dict.fromkeys(("record_id", "preferred_channel", "income_band"), "varchar")
    for table, is_account in (("stg_crm__customers", False), ("stg_ecommerce__accounts", True)):
        registered = [row for row in rows if row["is_master"] and (row["source_system"] == "shop") == is_account]
        fill(con, table, stated, registered)
    for model in ("int_customer_records_ranked", "int_customers_consolidated"):
        con.execute(f"create or replace temp view {model} as {render(model, policy)}")
    found = con.execute("from int_customers_consolidated")
    columns = [one[0] for one in found.description]
    return {row[0]: dict(zip(columns, row, strict=True)) for row in found.fetchall()}


@pytest.fixture(scope="module")
def con() -> Iterable[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as opened:
        yield opened


# An example takes a tenth of a second: to make a failing one smaller would take minutes.
@settings(max_examples=50, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    policy=policies,
    drawn=st.lists(st.lists(records, min_size=1, max_size=6), min_size=1, max_size=4),
    order=st.randoms(use_true_random=False),
)
@example(
    policy=Survivorship.model_validate({"rules": {"address": "most_frequent"}}), drawn=[STATES], order=random.Random(1)
)
def test_each_field_is_the_one_that_its_rule_in_words_chooses(
    con: duckdb.DuckDBPyConnection, policy: Survivorship, drawn: list[list[Row]], order: random.Random
) -> None:
    people = [
        [spread(record, number, place) for place, record in enumerate(customer)]
        for number, customer in enumerate(drawn)
    ]
    confirmed = {
        row["record_id"]
        for customer, given_rows in zip(people, drawn, strict=True)
        for row, record in zip(customer, given_rows, strict=True)
        if record["is_confirmed"]
    }
    rows = [row for customer in people for row in customer]
    found = survivors(con, policy, order.sample(rows, len(rows)), confirmed)
    assert found.keys() == {f"c{number}" for number in range(len(people))}
    for number, customer in enumerate(people):
        own = [usable(row) for row in customer]
        golden = found[f"c{number}"]
        wanted = golden_record(policy, own, confirmed)
        assert {name: golden[name] for name in wanted} == wanted
        living = {row["record_id"]: row for row in own if not row["is_deleted"]}
        for field, columns in FIELDS.items():
            source = golden[f"{field}_record_id"]
            if source is None:
                assert all(golden[column] is None for column in columns), field
            else:
                assert {column: golden[column] for column in columns} == {
                    column: living[source][column] for column in columns
                }, field
