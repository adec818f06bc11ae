"""The column types that a contract may use: the intersection of what DuckDB, Spark, Polars and Parquet agree on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

DEFAULT_PHYSICAL_TYPES: Mapping[str, str] = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}
# Logical type -> the physical types that can carry it.
PHYSICAL_TYPES_OF: Mapping[str, tuple[str, ...]] = {
    "string": ("VARCHAR",),
    "integer": ("BIGINT", "INTEGER", "SMALLINT"),
    "number": ("DECIMAL", "DOUBLE"),
    "boolean": ("BOOLEAN",),
    "date": ("DATE",),
    "timestamp": ("TIMESTAMP",),
}
# The words that both engines accept in a cast; Spark's VARCHAR would need a length.
_PORTABLE = {"VARCHAR": "string"}
_SPELLINGS = {"STRING": "VARCHAR", "INT": "INTEGER"}
_DECIMAL = re.compile(r"^DECIMAL\((\d{1,2}),(\d{1,2})\)$")
_MAX_PRECISION = 38


def physical_type(node: Mapping[str, Any]) -> str:
    """Return the DuckDB type of an ODCS property, spelled one way: upper case, without blanks."""
    declared = node.get("physicalType")
    if declared:
        spelled = str(declared).upper().replace(" ", "")
        return _SPELLINGS.get(spelled, spelled)
    return DEFAULT_PHYSICAL_TYPES.get(node.get("logicalType", ""), "VARCHAR")


def portable_type(type_name: str) -> str:
    """Return the type as it is written in SQL that DuckDB and Spark share."""
    return _PORTABLE.get(type_name, type_name.lower())


def decimal_parts(type_name: str) -> tuple[int, int] | None:
    """Return (precision, scale) of a decimal type, or None for any other type."""
    match = _DECIMAL.match(type_name)
    if not match:
        return None
    precision, scale = int(match[1]), int(match[2])
    return (precision, scale) if scale <= precision <= _MAX_PRECISION else None


def carries(type_name: str, logical_type: str) -> bool:
    """Tell whether a physical type can hold a logical type."""
    base = "DECIMAL" if decimal_parts(type_name) else type_name
    return base in PHYSICAL_TYPES_OF.get(logical_type, ())
