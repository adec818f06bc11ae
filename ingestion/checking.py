"""Dry-run a feed on its first rows: does the mapping fit, and what would the lake see?"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from data_contracts.loader import load_contract
from ingestion.batches import conform
from ingestion.connectors.files import Delivery, find_deliveries
from ingestion.feeds import Feed, FileSource, load_feeds
from ingestion.landing import stage_delivery
from ingestion.manifest import Batch
from ingestion.problems import FileProblem
from ingestion.workbench import Workbench, workbench
from workspace.errors import ConfigError
from workspace.sql import quote_identifier, quote_literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from data_contracts.loader import Contract
    from ingestion.connectors.archives import Limits
    from ingestion.quarantine_files import Conformed
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
    try:
        # a folder of its own: a run in progress clears away only what bears the name of a contract
        with workbench(ws, run, f"check-{feed.name}-{os.getpid()}") as bench:
            stage = _stage_file if isinstance(feed.config.source, FileSource) else _stage_query
            _summarise(bench, stage(bench, feed, contract, rows, result), feed, contract, preview, result)
    except FileProblem as problem:
        result.error = problem.message
    return result


def _stage_file(bench: Workbench, feed: Feed, contract: Contract, rows: int, result: FeedCheck) -> Conformed:
    source = feed.file_source
    deliveries, broken = find_deliveries(bench.ws, source)
    if broken:
        result.source_file = broken[0][0]
        raise broken[0][1]
    if not deliveries:
        raise FileProblem("no_file", f"no file matches {', '.join(source.path)}")
    delivery = deliveries[0]
    result.source_file = delivery.name
    if source.format != "parquet":
        delivery = _Head.of(delivery, rows + 1 + source.skip_lines, source.encoding)
    return stage_delivery(bench, Batch("check", feed, contract, "delivery", delivery.name, ""), delivery)


def _stage_query(bench: Workbench, feed: Feed, contract: Contract, rows: int, result: FeedCheck) -> Conformed:
    from ingestion.connectors.postgres import fetch_rows
    from ingestion.staging import parquet_stage

    source = feed.query_source
    query = f"select * from ({source.query.strip().rstrip(';')}) as checked limit {int(rows)}"
    result.source_file = f"postgres:{feed.name}"
    fetched = fetch_rows(source.model_copy(update={"query": query}), bench.folder / "fetched.parquet", None)
    batch = Batch("check", feed, contract, "query", result.source_file, "")
    conformed = conform(bench, batch, parquet_stage(bench.con, fetched))
    if conformed is None:
        raise FileProblem("unreadable", "the rows of the query could not be read back")
    return conformed


def _summarise(  # noqa: PLR0917
    bench: Workbench, conformed: Conformed, feed: Feed, contract: Contract, preview: int, result: FeedCheck
) -> None:
    source = f"read_parquet({quote_literal(conformed.path)})"
    counts = bench.con.execute(
        f"select __problem, count(*) from {source} where __problem is distinct from 'blank' "
        "group by 1 order by 2 desc, 1 nulls first"
    ).fetchall()
    if conformed.stage.rejects:
        rejects = quote_literal(conformed.stage.rejects)
        counts += bench.con.execute(
            f"select reason_code, count(*) from read_parquet({rejects}) group by 1 order by 1"
        ).fetchall()
    for problem, count in counts:
        result.rows += count
        if problem is None:
            result.good_rows += count
        elif problem == "filtered":
            result.filtered_rows += count
        else:
            reason, _, column = problem.partition("|")
            name = f"{reason} ({column})" if column else reason
            result.problems[name] = result.problems.get(name, 0) + count
    names = [column.name for column in contract.columns if column.name in feed.mapped_names]
    fields = ", ".join(quote_identifier(name) for name in names)
    rows = bench.con.execute(f"select {fields} from {source} where __problem is null limit {int(preview)}").fetchall()
    result.preview = [dict(zip(names, row, strict=True)) for row in rows]
    result.unmapped_columns = _unmapped(feed, list(conformed.stage.columns))


def _unmapped(feed: Feed, columns: list[str]) -> list[str]:
    from ingestion.text_stages import json_columns

    read = {name.lower() for name in json_columns(feed)}
    return [name for name in columns if name.lower() not in read]


@dataclass(frozen=True)
class _Head(Delivery):
    """The first lines of a delivery."""

    lines: int = 0
    line_end: bytes = b"\n"

    @classmethod
    def of(cls, whole: Delivery, lines: int, encoding: str) -> _Head:
        # encoders of utf-16 and utf-32 put a mark before the text, and then use the machine's order
        end = "\n".encode(encoding).removeprefix("".encode(encoding))
        given = {name: getattr(whole, name) for name in ("name", "stamp", "size", "open", "member", "current_stamp")}
        return replace(cls(**given), lines=lines, line_end=end)

    def read(self, limits: Limits) -> Iterator[bytes]:
        """Yield the bytes of the first lines; a quoted line end counts as one."""
        left = self.lines
        for chunk in super().read(limits):
            parts = list(islice(_split_after(chunk, self.line_end), left))
            left -= sum(part.endswith(self.line_end) for part in parts)
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
