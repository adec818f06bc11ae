"""Write the files of a publication into a folder that nobody reads yet."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from identity.provenance import resolution_inputs
from quality.build_reading import BUILD, attach_build
from quality.contents import list_columns, list_tables, products_by_table, qualified, read_content
from quality.operations_tables import transaction
from quality.publications import DATABASE, MANIFEST, Publication
from quality.verdicts import content_key
from workspace.atomic import write_text_atomic
from workspace.errors import GateRefused
from workspace.sql import connect, quote_identifier, quote_literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from data_contracts.loader import Contract
    from quality.contents import TableContent
    from quality.results import Verdict
    from workspace.runs import Run
    from workspace.workspace import Workspace

_READ_ONLY = 0o444


def write_publication(
    ws: Workspace, run: Run, verdict: Verdict, folder: Path, *, sequence: int, fingerprint: str,
    previous: Publication | None,
) -> dict[str, Any]:  # fmt: skip
    """Write database, Parquet files, identity tables and manifest into `folder`, and return the manifest.

    Only the marts and the restricted schema of the build are copied, sorted by primary key into a compact file. What
    was written is read back and compared with what was audited.

    Raises:
        GateRefused: the build holds other content than the one that the verdict is for.
    """
    products = products_by_table(ws)
    (folder / "marts").mkdir()
    with connect(ws) as con:
        attach_build(con, ws.build_file)
        con.execute(f"attach {quote_literal(folder / DATABASE)} as published")
        tables = list_tables(con, BUILD)
        for table in tables:
            _copy_table(con, table, products.get(table))
        contents = [read_content(con, "published", table) for table in tables]
        if content_key(contents, verdict.reasons) != verdict.content_key:
            raise GateRefused(f"the build of {run.run_id} changed after its audit: audit it again before publishing")
        for content in contents:
            _write_parquet(con, content, folder, previous)
        copy_operations(con, ws, "published")
        con.execute("checkpoint published")
        con.execute("detach published")
        duckdb_version = con.execute("select version()").fetchall()[0][0]
    (folder / DATABASE).chmod(_READ_ONLY)
    _copy_identity(ws, folder)
    manifest = {
        "run_id": run.run_id,
        "as_of": run.as_of.isoformat(),
        "sequence": sequence,
        "verdict": verdict.status,
        "signed_by": verdict.signature.who if verdict.signature else None,
        "content_key": verdict.content_key,
        "input_fingerprint": fingerprint,
        "identity": resolution_inputs(ws),
        "duckdb_version": duckdb_version,
        "tables": {one.table: _table_entry(one, products.get(one.table)) for one in contents},
    }
    write_text_atomic(folder / MANIFEST, json.dumps(manifest, indent=1))
    return manifest


def _table_entry(content: TableContent, product: Contract | None) -> dict[str, Any]:
    return {
        "rows": content.row_count,
        "content_hash": content.content_hash,
        "contract_version": product.version if product else None,
    }


def _copy_table(con: DuckDBPyConnection, table: str, product: Contract | None) -> None:
    schema = table.split(".", 1)[0]
    con.execute(f"create schema if not exists published.{quote_identifier(schema)}")
    target = qualified("published", table)
    columns = list(list_columns(con, BUILD, table))
    order = [name for name in (product.primary_key if product else ()) if name in columns] or columns
    ordering = ", ".join(f"{quote_identifier(name)} nulls last" for name in order)
    con.execute(f"create table {target} as select * from {qualified(BUILD, table)} order by {ordering}")
    if product is None:
        return
    # The published file explains itself: the contract's texts are the comments of tables and columns.
    grain = f" {product.grain}." if product.grain and product.grain not in product.description else ""
    con.execute(f"comment on table {target} is {quote_literal(product.description + grain)}")
    with transaction(con):
        for column in product.columns:
            if column.name in columns:
                name = f"{target}.{quote_identifier(column.name)}"
                con.execute(f"comment on column {name} is {quote_literal(column.description)}")


def _write_parquet(con: DuckDBPyConnection, content: TableContent, folder: Path, previous: Publication | None) -> None:
    """Write a mart as Parquet, or link the previous publication's file when it holds the same rows."""
    schema, name = content.table.split(".", 1)
    if schema != "marts":
        return
    target = folder / "marts" / f"{name}.parquet"
    version = con.execute("select version()").fetchall()[0][0]
    if previous and previous.manifest["duckdb_version"] == version:
        old = previous.folder / "marts" / f"{name}.parquet"
        if previous.content_hashes.get(content.table) == content.content_hash and old.exists():
            os.link(old, target)
            return
    con.execute(
        f"copy {qualified('published', content.table)} to {quote_literal(target)} (format parquet, compression zstd)"
    )
    target.chmod(_READ_ONLY)


def copy_operations(con: DuckDBPyConnection, ws: Workspace, catalog: str) -> None:
    """Copy every table of the operations store into schema `ops` of an attached database."""
    con.execute(f"create schema if not exists {quote_identifier(catalog)}.ops")
    if not ws.operations_file.exists():
        return
    con.execute(f"attach {quote_literal(ws.operations_file)} as operations (read_only)")
    for table in list_tables(con, "operations", ("ops",)):
        con.execute(f"create table {qualified(catalog, table)} as from {qualified('operations', table)}")
    con.execute("detach operations")


def _copy_identity(ws: Workspace, folder: Path) -> None:
    target = folder / "identity"
    target.mkdir()
    for file in sorted((ws.build / "identity").glob("*.parquet")):
        shutil.copyfile(file, target / file.name)
        (target / file.name).chmod(_READ_ONLY)
