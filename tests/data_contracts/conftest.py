"""A small valid contract, and a way to break one thing in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from data_contracts.loader import Contract, read_contract
from data_contracts.vocabulary import load_vocabulary


def small_document(kind: str) -> dict[str, Any]:
    options = {
        "feeds": [{"property": "personRole", "value": "none"}, {"property": "maxRejectPercent", "value": 5}],
        "products": [{"property": "grain", "value": "One row per order."}],
        "exports": [],
    }[kind]
    columns = [
        {
            "name": "order_id",
            "logicalType": "string",
            "description": "Order.",
            "primaryKey": True,
            "primaryKeyPosition": 1,
            "classification": "internal",
        },
        {
            "name": "channel",
            "logicalType": "string",
            "description": "Channel.",
            "classification": "internal",
            "customProperties": [{"property": "vocabulary", "value": "channels"}],
        },
        {
            "name": "net_amount",
            "logicalType": "number",
            "physicalType": "DECIMAL(18, 2)",
            "description": "Value.",
            "classification": "internal",
            "logicalTypeOptions": {"minimum": 0},
        },
        {
            "name": "code",
            "logicalType": "string",
            "description": "Code.",
            "classification": "internal",
            "logicalTypeOptions": {"pattern": "^(?:A|B):b{2}$"},
        },
        {
            "name": "email",
            "logicalType": "string",
            "description": "E-mail.",
            "classification": "restricted",
            "tags": ["pii", "pii_direct"],
        },
    ]
    table = {"name": "orders", "description": "Orders.", "customProperties": options, "properties": columns}
    return {
        "apiVersion": "v3.2.0",
        "kind": "DataContract",
        "id": "test.orders",
        "name": "orders",
        "version": "1.0.0",
        "status": "active",
        "domain": "sales",
        "schema": [table],
    }


@pytest.fixture
def make_contract(tmp_path: Path) -> Callable[..., Contract]:
    """Write the small contract, after `change` has had its way with the document, and read it."""

    def make(kind: str = "products", change: Callable[[dict[str, Any]], Any] | None = None) -> Contract:
        document = small_document(kind)
        if change:
            change(document)
        file = tmp_path / "orders.yml"
        file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        return read_contract(file, kind, load_vocabulary())  # type: ignore[arg-type]

    return make
