"""Contracts: what the loader gives, and what it says of a contract that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest

from data_contracts.loader import (
    CONTRACTS_FOLDER,
    Contract,
    contract_names,
    load_contract,
    load_contracts,
    read_contract,
)
from data_contracts.vocabulary import load_vocabulary
from workspace.errors import ConfigError, ConfigErrors

Make = Callable[..., Contract]


def column(document: dict[str, Any], index: int) -> dict[str, Any]:
    found: dict[str, Any] = document["schema"][0]["properties"][index]
    return found


def test_every_packaged_contract_loads_when_read_from_its_folder() -> None:
    for kind in ("feeds", "products", "exports"):
        for name in contract_names(kind):  # type: ignore[arg-type]
            # The loader trusts packaged files at run time; here they are held to the standard's schema.
            contract = read_contract(CONTRACTS_FOLDER / kind / f"{name}.yml", kind, load_vocabulary())  # type: ignore[arg-type]
            assert contract.name == name
            assert len(set(contract.column_names)) == len(contract.columns)


def test_feed_carries_its_options_when_loaded() -> None:
    feed = load_contract("feeds", "crm_customers")
    assert (feed.person_role, feed.version_column, feed.event_time_column) == ("master", "updated_at", "registered_at")
    assert feed.primary_key == ("source_system", "source_customer_id")
    assert feed.max_reject_percent == 5
    assert feed.column("gender").enum == ("female", "male", "other", "unknown")
    assert feed.column("email").is_pii and not feed.column("source_system").is_pii
    assert feed.column("source_system").required


def test_person_block_keeps_its_order_when_feeds_are_compared() -> None:
    block = load_contract("feeds", "pos_sales").column_names[4:22]
    assert block[0] == "person_name" and block[-1] == "device_id"
    for feed in load_contracts("feeds").values():
        if feed.person_role == "reference":
            has = feed.column_names
            assert [name for name in has if name in block] == [name for name in block if name in has], feed.name


def test_contract_is_read_once_and_frozen_when_asked_twice() -> None:
    feed = load_contract("feeds", "stores")
    assert load_contract("feeds", "stores") is feed
    with pytest.raises(FrozenInstanceError):
        feed.name = "shops"  # type: ignore[misc]


def test_error_lists_the_names_when_a_contract_does_not_exist() -> None:
    with pytest.raises(ConfigError, match=r"no feeds contract named 'pos_sale'.*pos_sales"):
        load_contract("feeds", "pos_sale")
    with pytest.raises(ConfigError):
        load_contract("feeds", "../feeds/pos_sales")


def test_error_has_file_line_and_path_when_a_property_is_unknown(make_contract: Make, tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors) as caught:
        make_contract(change=lambda document: column(document, 0).update(requird=True))
    (error,) = caught.value.errors
    lines = (tmp_path / "orders.yml").read_text().splitlines()
    assert error.line is not None and "requird" in lines[error.line - 1]
    assert error.file == tmp_path / "orders.yml"
    assert error.key == "schema.0.properties.0.requird"
    assert "unknown property 'requird'" in str(error)


BREAKS: list[tuple[Callable[[dict[str, Any]], Any], str]] = [
    (lambda d: d.update(colour="red"), "unknown property 'colour'"),
    (lambda d: d.update(name="sales"), "its file is orders.yml"),
    (lambda d: d["schema"].append(d["schema"][0]), "describes one table"),
    (lambda d: d["schema"][0].update(properties=[]), "no properties"),
    (lambda d: column(d, 0).update(logicalType="text"), "'text' is not one of"),
    (lambda d: column(d, 0).update(logicalType="array"), "logical type 'array'"),
    (lambda d: column(d, 2).update(physicalType="DECIMAL(18)"), "physical type 'DECIMAL\\(18\\)'"),
    (lambda d: column(d, 2).update(physicalType="VARCHAR"), "physical type 'VARCHAR'"),
    (lambda d: column(d, 1).update(name="order_id"), "stands twice"),
    (lambda d: column(d, 1).update(name="_channel"), "'_channel' is not allowed"),
    (lambda d: column(d, 1).pop("description"), "no description"),
    (lambda d: column(d, 1)["customProperties"][0].update(value="chanels"), "no list 'chanels'"),
    (lambda d: column(d, 1)["customProperties"][0].update(property="vocab"), "unknown custom property 'vocab'"),
    (lambda d: column(d, 3)["logicalTypeOptions"].update(pattern="("), "not a regular expression"),
    (lambda d: column(d, 4).update(tags=["pii", "pii_strong"]), "unknown tag 'pii_strong'"),
    (lambda d: column(d, 4).update(tags=["pii_direct"]), "carries two tags"),
    (lambda d: column(d, 4).update(classification="internal"), "is personal data but internal"),
    (lambda d: column(d, 1).update(classification="secret"), "classification 'secret'"),
    (lambda d: column(d, 0).update(primaryKey=False), "no primary key"),
    (lambda d: column(d, 0).update(primaryKeyPosition=2), "positions are \\[2\\]"),
    (lambda d: d["schema"][0]["customProperties"].clear(), "missing custom property 'personRole'"),
    (lambda d: d["schema"][0]["customProperties"][0].update(value="boss"), "person role 'boss'"),
    (lambda d: d["schema"][0]["customProperties"][1].update(value=150), "maxRejectPercent is 150"),
    (lambda d: d["schema"][0]["customProperties"].append({"property": "versionColumn", "value": "x"}), "not a column"),
    (lambda d: column(d, 1).update(quality=[{"metric": "invalidValues", "mustBe": 0}]), "needs arguments.validValues"),
]


@pytest.mark.parametrize(("change", "message"), BREAKS, ids=[message for _, message in BREAKS])
def test_contract_is_refused_with_its_place_when_it_is_wrong(make_contract: Make, change: Any, message: str) -> None:
    with pytest.raises(ConfigErrors, match=message) as caught:
        make_contract("feeds", change)
    assert all(error.line for error in caught.value.errors)


def test_product_needs_its_grain_when_loaded(make_contract: Make) -> None:
    assert make_contract("products").grain == "One row per order."
    with pytest.raises(ConfigErrors, match="missing custom property 'grain'"):
        make_contract("products", lambda document: document["schema"][0].pop("customProperties"))


def test_names_are_the_files_when_listed() -> None:
    assert contract_names("feeds") == tuple(sorted(file.stem for file in (CONTRACTS_FOLDER / "feeds").iterdir()))
