"""Differences between a contract and what was made from it, in both directions and in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from data_contracts.drift import model_differences, name_differences, table_differences
from data_contracts.loader import Contract
from data_contracts.schemas import duckdb_columns

Make = Callable[..., Contract]


def model_of(contract: Contract) -> dict[str, Any]:
    columns = [
        {
            "name": c.name,
            "data_type": c.physical_type.lower(),
            "description": c.description,
            "config": {"tags": [*c.tags]},
        }
        for c in contract.columns
    ]
    return {"name": contract.name, "columns": columns, "config": {"contract": {"enforced": True}}}


def test_nothing_is_said_when_table_and_model_agree(make_contract: Make) -> None:
    contract = make_contract()
    assert table_differences(contract, duckdb_columns(contract)) == []
    assert model_differences(contract, model_of(contract)) == []


def test_each_direction_is_told_when_columns_differ(make_contract: Make) -> None:
    contract = make_contract()
    found = duckdb_columns(contract) | {"surprise": "DATE", "net_amount": "DOUBLE"}
    del found["code"]
    assert table_differences(contract, found) == [
        "net_amount is DECIMAL(18,2) in the contract products/orders and DOUBLE in the table orders",
        "the contract products/orders promises the column code (VARCHAR), which the table orders does not have",
        "the table orders has the column surprise (DATE), which the contract products/orders does not promise",
    ]


def test_order_is_told_when_only_the_order_differs(make_contract: Make) -> None:
    contract = make_contract()
    found = dict(reversed(duckdb_columns(contract).items()))
    (difference,) = table_differences(contract, found)
    assert "another order" in difference and "from order_id on" in difference


def test_tags_descriptions_and_enforcement_are_told_when_a_model_lacks_them(make_contract: Make) -> None:
    contract = make_contract()
    model = model_of(contract)
    model["columns"][4]["config"]["tags"] = []
    model["columns"][0]["config"]["tags"] = ["pii"]
    model["columns"][1]["description"] = " "
    model["config"]["contract"]["enforced"] = False
    assert model_differences(contract, model) == [
        "channel has no description in the dbt model orders",
        "email is tagged pii in the contract products/orders and not in the dbt model orders",
        "order_id is tagged pii in the dbt model orders and not in the contract products/orders",
        "the dbt model orders turns its contract off",
    ]


def test_names_are_told_in_both_directions_when_they_differ() -> None:
    assert name_differences({"a", "b"}, {"b", "c"}, built_in="marts") == [
        "a has a contract but does not exist in marts",
        "c exists in marts but has no contract",
    ]
