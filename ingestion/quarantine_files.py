"""Write the rows of a batch that cannot land, each with its text, where it came from and why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.conforming import BLANK, FILTERED
from ingestion.folding import group_texts_sql
from workspace.sql import quote_literal

if TYPE_CHECKING:
    from ingestion.manifest import Batch
    from ingestion.staging import Stage
    from ingestion.workbench import Workbench

PARQUET = "(format parquet, compression zstd)"


@dataclass(frozen=True)
class Conformed:
    """The conformed rows of a stage: where they stand, the stage they came from, and the stage that was mapped."""

    path: Path
    stage: Stage
    mapped: Stage

    @property
    def is_folded(self) -> bool:
        """Tell whether a row stands for a group of source rows."""
        return self.mapped.folded

    @property
    def row_number(self) -> str:
        """Return SQL for the row number in the source, over the conformed rows."""
        return f"coalesce(__line, file_row_number + {self.stage.first_row})"


def write_quarantine(bench: Workbench, batch: Batch, conformed: Conformed, target: Path) -> dict[str, int]:
    """Write the quarantined rows of a batch and return how many there are by reason code."""
    rejected = "select null, null, null, null, null where false"
    if conformed.stage.rejects:
        rejects = quote_literal(conformed.stage.rejects)
        rejected = f"select line, null, reason_code, raw_text, 'line' from read_parquet({rejects})"
    bench.con.execute(
        "create or replace temp table quarantined as "
        "with bad(source_row, column_name, reason_code, raw_text, raw_format) as "
        f"({_bad_rows(batch, conformed)} union all {rejected}) "
        f"select {quote_literal(batch.batch_id + '-')} || source_row as quarantine_id, "
        f"{quote_literal(batch.feed.name)} as feed, {quote_literal(batch.contract.name)} as contract, "
        f"{quote_literal(batch.source_file)} as source_file, cast(source_row as BIGINT) as source_row, "
        "cast(column_name as VARCHAR) as column_name, cast(reason_code as VARCHAR) as reason_code, "
        "cast(raw_text as VARCHAR) as raw_text, cast(raw_format as VARCHAR) as raw_format, "
        f"{quote_literal(batch.batch_id)} as batch_id, {quote_literal(bench.run.run_id)} as run_id, "
        f"TIMESTAMP '{bench.run.as_of_naive}' as ingested_at, "
        f"{quote_literal(batch.contract.version)} as contract_version "
        "from bad order by source_row"
    )
    bench.con.execute(f"copy (from quarantined) to {quote_literal(target)} {PARQUET}")
    return dict(bench.con.execute("select reason_code, count(*) from quarantined group by 1 order by 1").fetchall())


def _bad_rows(batch: Batch, conformed: Conformed) -> str:
    raw_format = "json" if conformed.stage.has_text else "record"
    rows = f"read_parquet({quote_literal(conformed.path)}, file_row_number = true)"
    is_bad = f"__problem not in ('{BLANK}', '{FILTERED}')"
    reason = "nullif(split_part(__problem, '|', 2), ''), split_part(__problem, '|', 1)"
    if not conformed.is_folded:
        return f"select {conformed.row_number}, {reason}, __text, '{raw_format}' from {rows} where {is_bad}"
    groups = f"select __line from {rows} where {is_bad} and __text is null"
    texts = group_texts_sql(batch.feed, conformed.stage, groups)
    return (
        f"select __line, {reason}, coalesce(__text, texts.text), case when __text is null then 'group' else "
        f"'{raw_format}' end from {rows} left join ({texts}) as texts on first_line = __line where {is_bad}"
    )
