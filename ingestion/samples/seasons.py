"""The two years the samples cover: which days and hours are busy, and instants drawn accordingly."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

AS_OF = datetime(2026, 6, 30, 3, 0, tzinfo=UTC)
FIRST_DAY = date(2024, 7, 1)
DAY_COUNT = 729
"""Days of history, 2024-07-01 to 2026-06-29 in the local calendar."""
AS_OF_SECONDS = int(AS_OF.timestamp())
_EPOCH_DAY = (FIRST_DAY - date(1970, 1, 1)).days
_MONTH_WEIGHTS = np.array([0.86, 0.84, 0.92, 0.95, 1.10, 1.02, 0.95, 0.97, 0.93, 1.00, 1.22, 1.48])
_WEEKDAY_WEIGHTS = np.array([0.88, 0.86, 0.90, 0.96, 1.18, 1.32, 0.90])
_STORE_HOURS = np.array([0] * 9 + [2, 4, 6, 8, 7, 6, 6, 7, 9, 10, 8, 5, 2] + [0] * 2, dtype=float)
_ONLINE_HOURS = np.array([2, 1, 1, 0.5, 0.5, 1, 2, 3, 4, 6, 7, 7, 7, 6, 6, 6, 6, 6, 7, 8, 10, 10, 8, 5], dtype=float)
_OFFICE_HOURS = np.array([0] * 8 + [4, 8, 9, 9, 6, 7, 9, 9, 8, 6, 3, 1] + [0] * 4, dtype=float)
HOURS = {"store": _STORE_HOURS, "online": _ONLINE_HOURS, "office": _OFFICE_HOURS}


def _busy_days() -> NDArray[np.float64]:
    days = np.datetime64(FIRST_DAY) + np.arange(DAY_COUNT)
    months = days.astype("datetime64[M]").astype(int) % 12
    weekdays = (days.astype(int) + 3) % 7
    weights = _MONTH_WEIGHTS[months] * _WEEKDAY_WEIGHTS[weekdays]
    inside_month = (days - days.astype("datetime64[M]")).astype(int) + 1
    weights[(months == 10) & (weekdays == 4) & (inside_month >= 23) & (inside_month <= 29)] *= 4.5  # Black Friday
    weights[(months == 11) & (inside_month >= 15) & (inside_month <= 24)] *= 1.6
    weights[(months == 11) & (inside_month == 25)] *= 0.05
    weights[(months == 0) & (inside_month == 1)] *= 0.05
    weights[(months == 4) & (inside_month >= 5) & (inside_month <= 10)] *= 1.5  # Mother's Day week
    return weights


_CUMULATED = np.concatenate([[0.0], np.cumsum(_busy_days())])


def busyness(start: NDArray[Any], end: NDArray[Any]) -> NDArray[np.float64]:
    """Return the seasonal length of each span of days [start, end), in mean years."""
    return (_CUMULATED[end] - _CUMULATED[start]) / _CUMULATED[-1] * DAY_COUNT / 365.25


def busy_days(rng: np.random.Generator, start: NDArray[Any], end: NDArray[Any]) -> NDArray[np.int64]:
    """Draw one day (0 is the first day of history) in each span [start, end), busy days more often."""
    low, high = _CUMULATED[start], _CUMULATED[end]
    drawn = np.searchsorted(_CUMULATED, low + (high - low) * rng.random(len(low)), side="right") - 1
    return np.clip(drawn, start, np.maximum(start, end - 1))


def instants(rng: np.random.Generator, days: NDArray[Any], hours: str, utc_offset_hours: int) -> NDArray[np.int64]:
    """Draw an instant on each day, as UTC seconds since 1970; `hours` is store, online or office."""
    from ingestion.samples.random_streams import pick

    hour = pick(rng, HOURS[hours], len(days))
    second = rng.integers(0, 3600, len(days))
    return (days + _EPOCH_DAY) * 86400 + (hour - utc_offset_hours) * 3600 + second


def day_of(seconds: NDArray[Any], utc_offset_hours: int) -> NDArray[np.int64]:
    """Return the local day (0 is the first day of history) of each instant."""
    return (np.asarray(seconds) + utc_offset_hours * 3600) // 86400 - _EPOCH_DAY


def start_of_day(day: int, utc_offset_hours: int) -> int:
    """Return the UTC seconds at which a local day begins."""
    return (day + _EPOCH_DAY) * 86400 - utc_offset_hours * 3600


def utc_times(seconds: NDArray[Any]) -> pl.Series:
    """Return UTC seconds as naive UTC timestamps; numbers below zero are nulls."""
    values = np.asarray(seconds, dtype=np.int64)
    return pl.Series(values * 1_000_000).cast(pl.Datetime("us")).set(pl.Series(values < 0), None)


def dates(days: NDArray[Any]) -> pl.Series:
    """Return days of history (0 is the first) as dates."""
    return pl.Series((np.asarray(days) + _EPOCH_DAY).astype(np.int32)).cast(pl.Date)


def iso_instant(column: str) -> pl.Expr:
    """Return an expression that writes naive UTC timestamps as `2026-01-31T12:00:00Z`."""
    return pl.col(column).dt.strftime("%Y-%m-%dT%H:%M:%SZ")


def local_text(column: str, zone: str, pattern: str) -> pl.Expr:
    """Return an expression that writes naive UTC timestamps on the clock of a time zone."""
    return pl.col(column).dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.strftime(pattern)
