"""Cut a feed's rows into the files of its periods, with the accidents of delivery: late, twice, older, broken."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ingestion.samples.landing_files import FeedFiles, Landing
from ingestion.samples.seasons import DAY_COUNT, FIRST_DAY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingestion.samples.random_streams import Streams

_TWICE_SHARE = 0.002
_LATE_SHARE = 0.02
_RESENT_SHARE = 0.02
_MOST_BROKEN = 0.03
"""Broken rows never exceed this share of a feed, so that small samples stay below the contracts' reject limits."""
_MONTHS = (np.datetime64(FIRST_DAY) + np.arange(-3660, DAY_COUNT + 400)).astype("datetime64[M]").astype(int)
_FIRST_MONTH = int(np.datetime64(FIRST_DAY).astype("datetime64[M]").astype(int))


def deliver(
    landing: Landing,
    files: FeedFiles,
    frame: pl.DataFrame,
    days: NDArray[Any],
    streams: Streams,
    *,
    older: pl.DataFrame | None = None,
    older_rows: NDArray[Any] | None = None,
) -> None:
    """Write one block's rows of a feed; `days` says when each happened, older rows are versions of `older_rows`.

    Older versions stand in the same file as the rows that replace them, so that landing counts them as superseded. Two
    rows in a thousand are repeated in their own file; of the last period but one some rows come late, in a file of
    their own, and some are sent again.
    """
    if frame.is_empty():
        return
    rng = streams.of(f"delivery {files.feed}")
    months = _MONTHS[np.clip(np.asarray(days) + 3660, 0, len(_MONTHS) - 1)] - _FIRST_MONTH
    period = np.maximum(months // landing.months_per_file, 0)
    last = int(period.max())
    is_late = (period == max(last - 1, 0)) & (rng.random(len(frame)) < _LATE_SHARE)
    old_of = np.full(len(frame), -1)
    if older is not None and older_rows is not None:
        old_of[older_rows] = np.arange(len(older))
        is_late[older_rows] = False
    order = np.lexsort((np.asarray(days), period))
    for number in range(last + 1):
        rows = order[np.searchsorted(period[order], number) : np.searchsorted(period[order], number, side="right")]
        if not len(rows):
            continue
        name, now, late = _label(landing, number), rows[~is_late[rows]], rows[is_late[rows]]
        old = old_of[now]
        if older is not None and (old >= 0).any():
            landing.write(files, files.name(name), older[old[old >= 0]], "superseded")
        broken = int(len(frame) * _MOST_BROKEN) if streams.block == 0 and number == last else 0
        _write_with_accidents(landing, files, files.name(name), frame[now], rng, broken=broken)
        landing.write(files, files.name(f"{name}_late"), frame[late])
        if number == max(last - 1, 0):
            again = frame[now[: int(len(now) * _RESENT_SHARE)]]
            landing.write(files, files.name(f"{name}_resent"), again, "duplicate")


def _label(landing: Landing, number: int) -> str:
    month = np.datetime64(_FIRST_MONTH + number * landing.months_per_file, "M")
    return str(month)


def _write_with_accidents(
    landing: Landing, files: FeedFiles, name: str, frame: pl.DataFrame, rng: np.random.Generator, *, broken: int
) -> None:
    half = len(frame) // 2
    if broken and half:
        landing.write(files, name, frame[:half])
        landing.write_broken(files, name, _broken_lines(files, frame)[:broken])
        landing.write(files, name, frame[half:])
    else:
        landing.write(files, name, frame)
    twice = np.flatnonzero(rng.random(len(frame)) < _TWICE_SHARE)
    landing.write(files, name, frame[twice], "duplicate")


def _broken_lines(files: FeedFiles, frame: pl.DataFrame) -> list[tuple[str, str]]:
    """Return raw lines that landing must quarantine, with their reason codes."""
    wanted = len(files.broken) + 2
    sample = pl.concat([frame] * (wanted // len(frame) + 1))[:wanted]
    if files.form.kind == "csv":
        return _broken_records(files, sample)
    return _broken_objects(files, sample)


def _broken_records(files: FeedFiles, sample: pl.DataFrame) -> list[tuple[str, str]]:
    delimiter = files.form.delimiter
    rows = list(csv.DictReader(io.StringIO(sample.write_csv(separator=delimiter)), delimiter=delimiter))
    lines = []
    for number, (column, value, reason) in enumerate(files.broken):
        row = rows[number] | {files.key: f"BROKEN-{number}", column: value}
        lines.append((_record(list(row.values()), delimiter), reason))
    if files.is_torn:
        short = list((rows[-2] | {files.key: "BROKEN-SHORT"}).values())[:-1]
        whole = list((rows[-1] | {files.key: "BROKEN-QUOTE"}).values())
        lines.append((_record(short, delimiter), "malformed_row"))
        lines.append(('"' + _record(whole, delimiter).replace('"', ""), "malformed_row"))
    return lines


def _record(fields: list[str], delimiter: str) -> str:
    with io.StringIO() as text:
        csv.writer(text, delimiter=delimiter, lineterminator="").writerow(fields)
        return text.getvalue()


def _broken_objects(files: FeedFiles, sample: pl.DataFrame) -> list[tuple[str, str]]:
    rows = [json.loads(line) for line in sample.write_ndjson().splitlines()]
    lines = []
    for number, (column, value, reason) in enumerate(files.broken):
        row = rows[number] | {files.key: f"BROKEN-{number}", column: value or None}
        lines.append((json.dumps(row, ensure_ascii=False), reason))
    if files.is_torn:
        lines.append((json.dumps(rows[-1] | {files.key: "BROKEN-CUT"}, ensure_ascii=False)[:-9], "malformed_row"))
    return lines
