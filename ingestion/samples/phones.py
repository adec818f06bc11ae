"""Telephone numbers of a country and the many ways people write one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ingestion.samples.random_streams import scattered

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOBILE_SIDE = {"BR": 6_300, "PT": 5_400, "ES": 9_400}


def mobiles(country: str, area_code: NDArray[Any], index: NDArray[Any], seed: int) -> pl.Series:
    """Return one national mobile number per person index, no two alike."""
    number = scattered(index, _MOBILE_SIDE[country], seed + 3)
    if country == "BR":
        text = pl.DataFrame({"area": area_code, "number": number + 60_000_000})
        return text.select(pl.col("area").cast(pl.String) + "9" + pl.col("number").cast(pl.String)).to_series()
    if country == "PT":
        start = np.array([91, 92, 93, 96])[number % 4] * 10_000_000
        return pl.Series(start + number // 4).cast(pl.String)
    return pl.Series(610_000_000 + number).cast(pl.String)


def landlines(country: str, area_code: NDArray[Any], index: NDArray[Any], seed: int) -> pl.Series:
    """Return one national landline number per household index."""
    number = scattered(index, 3_000, seed + 4)
    if country == "BR":
        return pl.Series(np.asarray(area_code) * 100_000_000 + 30_000_000 + number).cast(pl.String)
    area = np.asarray(area_code)
    width = np.where(area < 100, 10_000_000, 1_000_000)
    return pl.Series(area * width + number % width).cast(pl.String)


def written(country: str, calling_code: str, phone: pl.Expr, mood: pl.Expr) -> pl.Expr:
    """Return an expression that writes national numbers as people do; `mood` is uniform in [0, 1).

    In Brazil also without the ninth digit and without the area code, as old registers hold them.
    """
    plus = f"+{calling_code}"
    if country != "BR":
        spaced = pl.concat_str([phone.str.slice(0, 3), phone.str.slice(3, 3), phone.str.slice(6)], separator=" ")
        return (
            pl.when(mood < 0.25)
            .then(spaced)
            .when(mood < 0.40)
            .then(pl.lit(plus + " ") + spaced)
            .when(mood < 0.50)
            .then(pl.lit(plus) + phone)
            .when(mood < 0.55)
            .then(pl.lit("00" + calling_code) + phone)
            .otherwise(phone)
        )
    area, local = phone.str.slice(0, 2), phone.str.slice(2)
    head, tail = local.str.head(-4), phone.str.tail(4)
    return (
        pl.when(mood < 0.35)
        .then(pl.concat_str([pl.lit("("), area, pl.lit(") "), head, pl.lit("-"), tail]))
        .when(mood < 0.50)
        .then(pl.concat_str([pl.lit(plus + " "), area, pl.lit(" "), head, pl.lit("-"), tail]))
        .when(mood < 0.60)
        .then(pl.lit(plus) + phone)
        .when(mood < 0.66)
        .then(pl.concat_str([pl.lit("0"), area, pl.lit(" "), local]))
        .when(mood < 0.72)
        .then(local)
        .when((mood < 0.76) & (phone.str.len_chars() == 11))
        .then(area + phone.str.slice(3))
        .otherwise(phone)
    )
