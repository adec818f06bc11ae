"""Feeds that are the same for everybody: products, stores and the areas customers live in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ingestion.samples.landing_files import Form

if TYPE_CHECKING:
    from ingestion.samples.block import Block

_CSV, _PARQUET = Form("csv"), Form("parquet")


def write_reference(block: Block, streets: pl.DataFrame) -> None:
    """Write products as Parquet and stores as CSV."""
    catalogue = block.catalogue
    products = catalogue.products.with_columns(
        list_price=pl.Series(catalogue.price_cents).cast(pl.Decimal(18, 0)) / 100, is_active=pl.lit(True)
    ).with_columns(pl.col("list_price").cast(pl.Decimal(18, 2)))
    block.landing.write("products", "products", "catalogue/products.parquet", products, _PARQUET)
    block.landing.write("stores", "stores", "catalogue/stores.csv", catalogue.stores, _CSV)
