"""Take values at row numbers where a number below zero means that there is nothing to take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray


def taken(values: pl.Series, rows: NDArray[Any]) -> pl.Series:
    """Return the values at row numbers; null for a number below zero."""
    if values.is_empty():
        return values.clear(len(rows))
    return values.gather(pl.Series(np.maximum(rows, 0))).set(pl.Series(rows < 0), None)


def taken_rows(frame: pl.DataFrame, rows: NDArray[Any]) -> pl.DataFrame:
    """Return the rows at row numbers; a row of nulls for a number below zero."""
    return pl.DataFrame([taken(frame[name], rows) for name in frame.columns])


def kept(values: pl.Series, mask: NDArray[np.bool_] | pl.Series) -> pl.Series:
    """Return the values with nulls where the mask is false."""
    return values.set(~pl.Series(mask), None)
