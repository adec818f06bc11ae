"""The columns that ingestion adds to every row of the lake, after the columns of the contract."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

LINEAGE_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "_record_id": "VARCHAR",
        "_row_key": "BIGINT",
        "_row_hash": "BIGINT",
        "_source_file": "VARCHAR",
        "_source_row": "BIGINT",
        "_batch_id": "VARCHAR",
        "_run_id": "VARCHAR",
        "_ingested_at": "TIMESTAMP",
        "_contract_version": "VARCHAR",
    }
)

LINEAGE_DESCRIPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "_record_id": "Person record of the row (one distinct bundle of evidence); null when it identifies nobody.",
        "_row_key": "Hash of the primary key of the contract.",
        "_row_hash": "Hash of every column of the contract; orders the versions that share a version instant.",
        "_source_file": "File, or query, that the row came from.",
        "_source_row": "Row number in the source file, counted from 1.",
        "_batch_id": "Batch in which the row landed.",
        "_run_id": "Run that landed the row.",
        "_ingested_at": "The as_of instant of the run that landed the row, UTC.",
        "_contract_version": "Version of the contract that the row was read with.",
    }
)

# Null in these would make a row unplaceable; `_record_id` alone may be null.
REQUIRED_LINEAGE_COLUMNS: tuple[str, ...] = tuple(name for name in LINEAGE_COLUMNS if name != "_record_id")
