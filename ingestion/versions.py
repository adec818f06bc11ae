"""Tell new rows from repeats and from older versions, against the batch itself and against the lake."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workspace.sql import quote_identifier, quote_literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from data_contracts.loader import Contract


_NO_VERSION = "cast(null as TIMESTAMP)"


def settle_versions(
    con: DuckDBPyConnection, conformed: Path, lake_files: list[Path], contract: Contract, *, is_versioned: bool
) -> None:
    """Create the temporary table `contested(position, outcome)`: the good rows that are not simply new.

    `duplicate` is a repeat of a row (same key, same content) that stands in the lake or earlier in the batch;
    `superseded` is a row whose key has a greater version, in the lake or in the batch. Versions are ordered by the
    contract's version column with null as the smallest, then by the row hash, so that arrival does not decide.
    `is_versioned` says that the feed fills the version column. Only keys that occur more than once are sorted: the cost
    follows the change.
    """
    stored_version = quote_identifier(contract.version_column) if contract.version_column else _NO_VERSION
    version = stored_version if is_versioned else _NO_VERSION
    incoming = f"read_parquet({quote_literal(conformed)}, file_row_number = true)"
    con.execute(
        "create or replace temp table contested_keys as select _row_key from "
        f"{incoming} where __problem is null group by _row_key having count(*) > 1"
    )
    stored = None
    if lake_files:
        files = "[" + ", ".join(quote_literal(file) for file in lake_files) + "]"
        stored = f"read_parquet({files}, hive_partitioning = false, union_by_name = true)"
        con.execute(
            f"insert into contested_keys select distinct _row_key from {incoming} where __problem is null "
            f"and _row_key in (select _row_key from {stored})"
        )
    candidates = (
        f"select file_row_number as position, _row_key, _row_hash, {version} as version from {incoming} "
        "where __problem is null and _row_key in (select _row_key from contested_keys)"
    )
    if stored:
        candidates += (
            f" union all select -1, _row_key, _row_hash, {stored_version} from {stored} "
            "where _row_key in (select _row_key from contested_keys)"
        )
    con.execute(
        "create or replace temp table contested as with candidates as materialized ("
        f"{candidates}), "
        "repeats as (select *, row_number() over (partition by _row_key, _row_hash order by position) as occurrence "
        "from candidates), "
        "ranked as (select *, row_number() over (partition by _row_key "
        "order by occurrence > 1, version desc nulls last, _row_hash desc) as place from repeats) "
        "select position, case when occurrence > 1 then 'duplicate' when place > 1 then 'superseded' end as outcome "
        "from ranked where position >= 0 and (occurrence > 1 or place > 1)"
    )


def mark_split_groups(con: DuckDBPyConnection, conformed: Path, lake_files: list[Path]) -> None:
    """Mark as `split` in `contested` the folded rows whose key the lake holds already with other content.

    Such a group came in two deliveries and no version says which is whole: taking either would lose the rows of the
    other.
    """
    if not lake_files:
        return
    files = "[" + ", ".join(quote_literal(file) for file in lake_files) + "]"
    con.execute(
        "create or replace temp table split_groups as select file_row_number as position from "
        f"read_parquet({quote_literal(conformed)}, file_row_number = true) where __problem is null and _row_key in "
        f"(select _row_key from read_parquet({files}, hive_partitioning = false)) and file_row_number not in "
        "(select position from contested where outcome = 'duplicate')"
    )
    con.execute("delete from contested where position in (select position from split_groups)")
    con.execute("insert into contested select position, 'split' from split_groups")
