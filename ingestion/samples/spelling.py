"""How text gets damaged on its way into a system: accents lost, capitals, slips of the finger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

LETTERS = "abcdefghijklmnopqrstuvwxyz"
DIGITS = "0123456789"


def without_accents(text: pl.Expr) -> pl.Expr:
    """Return an expression that drops accents and cedillas."""
    return text.str.normalize("NFKD").str.replace_all(r"\p{M}", "")


def bare(text: pl.Expr) -> pl.Expr:
    """Return an expression for use in addresses: no accents, no capitals, no blanks."""
    return without_accents(text).str.to_lowercase().str.replace_all(" ", "")


def replaced(series: pl.Series, rows: NDArray[Any], values: pl.Series) -> pl.Series:
    """Return the series with `values` at the row numbers `rows`."""
    return series.clone().scatter(rows, values) if len(rows) else series


def misspelt(series: pl.Series, rows: NDArray[Any], rng: np.random.Generator, alphabet: str = LETTERS) -> pl.Series:
    """Return the series with one slip in each of `rows`: a wrong, swapped, missing or doubled character."""
    if not len(rows):
        return series
    text = series.gather(rows)
    length = text.str.len_chars().fill_null(0).to_numpy().astype(np.int64)
    frame = pl.DataFrame(
        {
            "text": text,
            "place": (rng.random(len(rows)) * np.maximum(length - 1, 1)).astype(np.int64),
            "kind": rng.integers(0, 2 if alphabet == DIGITS else 4, len(rows)),
            "sign": np.array(list(alphabet))[rng.integers(0, len(alphabet), len(rows))],
        }
    )
    before, here = pl.col("text").str.slice(0, pl.col("place")), pl.col("text").str.slice(pl.col("place"), 1)
    following = pl.col("text").str.slice(pl.col("place") + 1, 1)
    after, rest = pl.col("text").str.slice(pl.col("place") + 1), pl.col("text").str.slice(pl.col("place") + 2)
    slip = (
        pl.when(pl.col("text").str.len_chars() < 3)
        .then(pl.col("text"))
        .when(pl.col("kind") == 0)
        .then(before + pl.col("sign") + after)
        .when(pl.col("kind") == 1)
        .then(before + following + here + rest)
        .when(pl.col("kind") == 2)
        .then(before + after)
        .otherwise(before + pl.col("sign") + here + after)
    )
    return replaced(series, rows, frame.select(slip).to_series())


def shouted(series: pl.Series, rng: np.random.Generator, upper: float, plain: float) -> pl.Series:
    """Return names in capitals without accents for a share `upper`, and merely without accents for a share `plain`."""
    frame = pl.DataFrame({"text": series, "mood": rng.random(len(series))})
    bare = without_accents(pl.col("text"))
    return frame.select(
        pl.when(pl.col("mood") < upper)
        .then(bare.str.to_uppercase())
        .when(pl.col("mood") < upper + plain)
        .then(bare)
        .otherwise(pl.col("text"))
    ).to_series()
