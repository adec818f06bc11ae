"""Money spent on search, social and display advertising by day, restated once as ad platforms do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from ingestion.samples.deliveries import deliver
from ingestion.samples.landing_files import FeedFiles, Form
from ingestion.samples.seasons import DAY_COUNT, dates, iso_instant, start_of_day, utc_times

if TYPE_CHECKING:
    from ingestion.samples.landing_files import Landing
    from ingestion.samples.locales import Locale
    from ingestion.samples.random_streams import Streams

_CSV = Form("csv", ";", "utf-8", ",")
SPEND = FeedFiles(
    "ad_spend",
    "ad_spend",
    "ads/spend",
    _CSV,
    "campaign",
    (("cost", "1.000,00", "type_mismatch"), ("day", "hoje", "type_mismatch"), ("clicks", "-3", "out_of_range")),
)
_CHANNELS = ("paid_search", "paid_social", "display")
_CAMPAIGNS = ("ADS-SEARCH", "ADS-SOCIAL", "ADS-DISPLAY")
_CLICK_CENTS, _CLICK_RATE, _CLICKS_PER_PERSON = (95, 60, 22), (0.045, 0.012, 0.002), (0.0011, 0.0012, 0.0006)


def write_ad_spend(locale: Locale, landing: Landing, streams: Streams, people: int) -> None:
    """Write a row per day and channel for the whole country of `people`; one in ten was reported lower first."""
    rng = streams.of("ad spend")
    day = np.repeat(np.arange(DAY_COUNT), len(_CHANNELS))
    kind = np.tile(np.arange(len(_CHANNELS)), DAY_COUNT)
    clicks = rng.poisson(np.maximum(np.array(_CLICKS_PER_PERSON)[kind] * people, 0.5))
    shown = (clicks / np.array(_CLICK_RATE)[kind] * rng.uniform(0.8, 1.2, len(day))).astype(np.int64) + clicks
    cost = clicks * np.array(_CLICK_CENTS)[kind] + rng.integers(0, 100, len(day))
    midnight = start_of_day(0, locale.utc_offset_hours) + (day + 1) * 86400
    frame = pl.DataFrame(
        {
            "day": dates(day),
            "channel": np.array(_CHANNELS)[kind],
            "campaign": np.array(_CAMPAIGNS)[kind],
            "shown": shown,
            "clicks": clicks,
            "cost": cost,
            "updated": utc_times(np.minimum(midnight + 3 * 3600, start_of_day(DAY_COUNT, locale.utc_offset_hours))),
        }
    )
    older_rows = np.flatnonzero(rng.random(len(day)) < 0.1)
    older = frame[older_rows].with_columns(
        clicks=pl.col("clicks") * 9 // 10,
        cost=pl.col("cost") * 9 // 10,
        updated=pl.col("updated") - pl.duration(hours=2),
    )
    deliver(landing, SPEND, _rows(frame), day, streams, older=_rows(older), older_rows=older_rows)


def _rows(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        pl.col("day").dt.strftime("%d/%m/%Y"),
        "channel",
        "campaign",
        impressions="shown",
        clicks="clicks",
        cost=_CSV.amount(pl.col("cost")),
        updated_at=iso_instant("updated"),
    )
