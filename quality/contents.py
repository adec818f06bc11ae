"""What the tables of a build or a publication hold: row counts and hashes that do not depend on row order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from data_contracts.loader import load_contracts
from workspace.sql import quote_identifier, quote_literal, shifted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from data_contracts.loader import Contract
    from workspace.workspace import Workspace

PUBLISHED_SCHEMAS = ("marts", "restricted")


@dataclass(frozen=True)
class TableContent:
    """A table's size and content; equal hashes mean equal rows, in any order, under one version of DuckDB."""

    table: str
    """Schema and name, as in `marts.fct_orders`."""
    row_count: int
    content_hash: str


def schema_of(product: Contract) -> str:
    """Return the schema that a product is published in."""
    return "restricted" if product.domain == "restricted" else "marts"


def products_by_table(ws: Workspace) -> dict[str, Contract]:
    """Return the product contracts by `schema.table`."""
    return {f"{schema_of(one)}.{one.name}": one for one in load_contracts("products", ws).values()}


def list_tables(con: DuckDBPyConnection, catalog: str, schemas: tuple[str, ...] = PUBLISHED_SCHEMAS) -> list[str]:
    """Return `schema.table` of every table and view in the schemas of an attached database, sorted."""
    rows = con.execute(
        "select table_schema, table_name from information_schema.tables where table_catalog = ? order by 1, 2",
        [catalog],
    ).fetchall()
    return [f"{schema}.{name}" for schema, name in rows if schema in schemas]


def list_columns(con: DuckDBPyConnection, catalog: str, table: str) -> dict[str, str]:
    """Return column name -> type of `schema.table` in an attached database, in order."""
    return {name: kind for name, kind, *_ in con.execute(f"describe {qualified(catalog, table)}").fetchall()}


def qualified(catalog: str, table: str) -> str:
    """Return the quoted three-part name of `schema.table` in an attached database."""
    return ".".join(quote_identifier(part) for part in (catalog, *table.split(".", 1)))


def read_content(con: DuckDBPyConnection, catalog: str, table: str) -> TableContent:
    """Count and hash the rows of a table: the sum of one 64-bit hash per row, so that order and threads do not matter.

    Column names and types are part of the hash: a renamed or retyped column is another content. So is every text a
    second time, shifted: one hash of it would let a change of two characters pass.
    """
    columns = list_columns(con, catalog, table)
    names = sorted(columns)
    shape = quote_literal(",".join(f"{name} {columns[name]}" for name in names))
    texts = [shifted(quote_identifier(name)) for name in names if columns[name] == "VARCHAR"]
    arguments = ", ".join([*map(quote_identifier, names), *texts])
    count, total, shape_hash = con.execute(
        f"select count(*), coalesce(sum(hash({arguments})::HUGEINT), 0), hash({shape}) from {qualified(catalog, table)}"
    ).fetchall()[0]
    return TableContent(table, int(count), f"{int(shape_hash):016x}-{int(total):x}")
