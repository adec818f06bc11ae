"""Mappings that several tests share."""

from __future__ import annotations

from datetime import datetime
from typing import Any


def utc(text: str) -> datetime:
    """Return a naive UTC instant, as the lake holds it."""
    return datetime.fromisoformat(text)


STORE_COLUMNS: dict[str, Any] = {
    "source_system": {"value": "pos"},
    "store_id": "ID",
    "store_name": "NAME",
    "store_kind": {"value": "own"},
    "opened_on": "OPENED",
    "updated_at": "CHANGED",
}
SALE_COLUMNS: dict[str, Any] = {
    "source_system": {"value": "pos"},
    "source_sale_id": "SALE",
    "store_id": "STORE",
    "sold_at": "AT",
    "net_amount": "NET",
}
