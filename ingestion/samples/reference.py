"""Feeds that are the same for everybody: products, stores and the areas customers live in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from ingestion.samples.landing_files import FeedFiles, Form

if TYPE_CHECKING:
    from ingestion.samples.block import Block

PRODUCTS = FeedFiles("products", "products", "catalogue/products", Form("parquet"), "product_id")
STORES = FeedFiles("stores", "stores", "catalogue/stores", Form("csv"), "store_id")
AREAS = FeedFiles("reference_areas", "reference_areas", "reference/areas", Form("parquet"), "area_code")
_PREFIX = {"BR": 5, "PT": 4, "ES": 3}


def write_reference(block: Block, streets: pl.DataFrame) -> None:
    """Write products and areas as Parquet and stores as CSV."""
    catalogue = block.catalogue
    products = catalogue.products.with_columns(
        list_price=pl.Series(catalogue.price_cents).cast(pl.Decimal(18, 0)) / 100, is_active=pl.lit(True)
    ).with_columns(pl.col("list_price").cast(pl.Decimal(18, 2)))
    block.landing.write(PRODUCTS, "catalogue/products.parquet", products)
    block.landing.write(STORES, "catalogue/stores.csv", catalogue.stores)
    areas = _areas(block, streets)
    block.landing.write(AREAS, "reference/areas.parquet", areas)


def _areas(block: Block, streets: pl.DataFrame) -> pl.DataFrame:
    """Return states, cities and postal prefixes (digits as in `_PREFIX`) with people and income."""
    width = _PREFIX[block.people.locale.country]
    frames = []
    for kind, code in (
        ("state", pl.col("state_code")),
        ("city", pl.col("city")),
        ("postal_prefix", pl.col("postal_code").str.head(width)),
    ):
        counted = (
            streets.group_by(code.alias("area_code"), maintain_order=True)
            .agg(pl.len().alias("streets"), pl.col("city").first().alias("area_name"))
            .sort("area_code")
        )
        frames.append(counted.with_columns(area_type=pl.lit(kind)))
    frame = pl.concat(frames)
    rng = block.streams.of("areas")
    income = np.exp(rng.normal(8.2, 0.35, len(frame))) * 100
    return frame.select(
        "area_type",
        "area_code",
        "area_name",
        population=pl.col("streets") * 1800,
        income=(pl.Series(income.astype(np.int64)).cast(pl.Decimal(18, 0)) / 100).cast(pl.Decimal(18, 2)),
        urban_class=pl.when(pl.col("area_type") == "state").then(None).otherwise(pl.lit("urban")),
        year=pl.lit(2024),
    )
