"""Dry-run a feed on its first rows: does the mapping fit, and what would the lake see?"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from data_contracts.loader import load_contract
from ingestion.batches import Batch, conform
from ingestion.connectors.archives import Limits
from ingestion.connectors.files import Delivery, find_deliveries
from ingestion.feeds import Feed, FileSource, load_feeds
from ingestion.landing import stage_delivery
from ingestion.lake import Lake
from ingestion.problems import FileProblem
from workspace.errors import ConfigError
from workspace.sql import connect, quote_identifier, quote_literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from data_contracts.loader import Contract
    from workspace.runs import Run
    from workspace.workspace import Workspace


@dataclass
class FeedCheck:
    """What a dry run of one feed found; `preview` holds personal data and is for the terminal only."""

    feed: str
    contract: str
    source_file: str | None = None
    rows: int = 0
    good_rows: int = 0
    filtered_rows: int = 0
    problems: dict[str, int] = field(default_factory=dict)
    """Rows that would be quarantined, by `reason` or `reason (column)`."""
    error: str | None = None
    """Why nothing can be read, if so."""
    preview: list[dict[str, Any]] = field(default_factory=list)
    unmapped_columns: list[str] = field(default_factory=list)
    """Source columns that no mapping reads."""

    @property
    def is_good(self) -> bool:
        """Tell whether every row that was looked at would land."""
        return self.error is None and not self.problems


def check_feed(ws: Workspace, run: Run, feed_name: str, *, rows: int = 1000, preview: int = 5) -> FeedCheck:
    """Read the first rows of a feed's first delivery as landing would, and write nothing.

    Raises:
        ConfigError: there is no such feed, or a feed configuration is wrong.
    """
    feeds = {one.name: one for one in load_feeds(ws)}
    if feed_name not in feeds:
        raise ConfigError(f"there is no feed {feed_name!r}", expected=f"one of {', '.join(feeds) or 'none'}")
    feed = feeds[feed_name]
    contract = load_contract("feeds", feed.config.contract, ws)
    result = FeedCheck(feed.name, contract.name)
    folder = Lake(ws).scratch(f"{contract.name}-check-{feed.name}")
    try:
        if isinstance(feed.config.source, FileSource):
            _check_file(ws, run, feed, contract, rows, preview, result, folder)
        else:
            _check_query(ws, run, feed, contract, preview, result, folder)
    except FileProblem as problem:
        result.error = problem.message
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return result


def _check_file(ws, run, feed: Feed, contract: Contract, rows: int, preview: int, result: FeedCheck, folder) -> None:  # noqa: ANN001
    deliveries, broken = find_deliveries(ws, feed.config.source)
    if broken:
        result.source_file = broken[0][0]
        raise broken[0][1]
    if not deliveries:
        raise FileProblem("no_file", f"no file matches {', '.join(feed.config.source.path)}")
    delivery = deliveries[0]
    result.source_file = delivery.name
    if feed.config.source.format != "parquet":
        delivery = _Head(delivery, rows + 1 + feed.config.source.skip_lines, feed.config.source.encoding)
    batch = Batch("check", feed, contract, "delivery", delivery.name, "")
    with connect(ws) as con:
        stage, conformed = stage_delivery(con, ws, run, batch, delivery, folder)
        _summarise(con, conformed, stage, feed, contract, preview, result)


def _check_query(ws, run, feed: Feed, contract: Contract, preview: int, result: FeedCheck, folder) -> None:  # noqa: ANN001
    from ingestion.connectors.postgres import fetch_rows
    from ingestion.staging import parquet_stage

    limited = feed.config.source.model_copy(
        update={"query": f"select * from ({feed.config.source.query.strip().rstrip(';')}) as checked limit 1000"}
    )
    result.source_file = f"postgres:{feed.name}"
    fetched = fetch_rows(limited, folder / "fetched.parquet", None)
    batch = Batch("check", feed, contract, "query", result.source_file, "")
    with connect(ws) as con:
        stage = parquet_stage(con, fetched)
        conformed = conform(con, ws, run, batch, stage, folder)
        if conformed is None:
            raise FileProblem("unreadable", "the rows of the query could not be read back")
        _summarise(con, conformed, stage, feed, contract, preview, result)


def _summarise(con, conformed, stage, feed: Feed, contract: Contract, preview: int, result: FeedCheck) -> None:  # noqa: ANN001
    source = f"read_parquet({quote_literal(conformed)})"
    for problem, count in con.execute(
        f"select __problem, count(*) from {source} where __problem is distinct from 'blank' group by 1 order by 2 desc, 1"
    ).fetchall():
        result.rows += count
        if problem is None:
            result.good_rows += count
        elif problem == "filtered":
            result.filtered_rows += count
        else:
            reason, _, column = problem.partition("|")
            result.problems[f"{reason} ({column})" if column else reason] = count
    if stage.rejects:
        for reason, count in con.execute(
            f"select reason_code, count(*) from read_parquet({quote_literal(stage.rejects)}) group by 1 order by 1"
        ).fetchall():
            result.rows += count
            result.problems[reason] = result.problems.get(reason, 0) + count
    names = [column.name for column in contract.columns if column.name in {*feed.config.columns, *feed.config.defaults}]
    fields = ", ".join(quote_identifier(name) for name in names)
    rows = con.execute(f"select {fields} from {source} where __problem is null limit {int(preview)}").fetchall()
    result.preview = [dict(zip(names, row, strict=True)) for row in rows]
    result.unmapped_columns = _unmapped(feed, list(stage.columns))


def _unmapped(feed: Feed, columns: list[str]) -> list[str]:
    from ingestion.text_stages import json_columns

    read = {name.lower() for name in json_columns(feed)}
    return [name for name in columns if name.lower() not in read]


class _Head(Delivery):
    """The first lines of a delivery."""

    def __init__(self, whole: Delivery, lines: int, encoding: str) -> None:
        super().__init__(whole.name, whole.stamp, whole.size, whole.open, whole.member)
        object.__setattr__(self, "_lines", lines)
        object.__setattr__(self, "_end", "\n".encode(encoding).removeprefix("\ufeff".encode(encoding)))

    def read(self, limits: Limits) -> Iterator[bytes]:
        """Yield the bytes of the first lines; a quoted line end counts as one."""
        left = self._lines
        for chunk in super().read(limits):
            parts = list(islice(_split_after(chunk, self._end), left))
            left -= sum(part.endswith(self._end) for part in parts)
            yield b"".join(parts)
            if left <= 0:
                return


def _split_after(data: bytes, end: bytes) -> Iterator[bytes]:
    start = 0
    while (found := data.find(end, start)) >= 0:
        yield data[start : found + len(end)]
        start = found + len(end)
    if start < len(data):
        yield data[start:]
