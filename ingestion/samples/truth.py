"""What is true, written aside as Parquet for benchmarks and tests; the pipeline never reads it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingestion.samples.landing_files import Landing


class Truth:
    """Tables below one folder, appended to block by block."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._writers: dict[str, Any] = {}

    def append(self, name: str, frame: pl.DataFrame) -> None:
        """Append rows to the table `name`."""
        import pyarrow.parquet as pq

        table = frame.rechunk().to_arrow()
        if name not in self._writers:
            path = self.folder / f"{name}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writers[name] = pq.ParquetWriter(path, table.schema, compression="zstd")
        self._writers[name].write_table(table.cast(self._writers[name].schema))

    def records(
        self,
        contract: str,
        source_system: str,
        source_ids: pl.Series,
        person_ids: NDArray[Any],
        *,
        is_anonymous: pl.Series | None = None,
    ) -> None:
        """Say which person is behind each row of a contract, by the source's own key."""
        anonymous = pl.Series([False]).new_from_index(0, len(source_ids)) if is_anonymous is None else is_anonymous
        self.append(
            f"records/{contract}",
            pl.DataFrame(
                {
                    "source_system": pl.Series([source_system]).new_from_index(0, len(source_ids)),
                    "source_id": source_ids.cast(pl.String),
                    "person_id": person_ids,
                    "is_anonymous": anonymous,
                }
            ),
        )

    def close(self, landing: Landing) -> None:
        """Finish every table and write the account of the files."""
        rows = [
            {
                "source_file": f"landing/{name}",
                "contract": one.contract,
                "feed": one.feed,
                "rows_read": sum(one.rows.values()),
                "accepted": one.rows["accepted"] + one.rows["newer"],
                "newer": one.rows["newer"],
                "superseded": one.rows["superseded"],
                "duplicate": one.rows["duplicate"],
                "quarantined": one.rows["quarantined"],
                "is_redelivery": one.is_redelivery,
            }
            for name, one in sorted(landing.accounts.items())
        ]
        self.append("landing_files", pl.DataFrame(rows))
        reasons = [
            {
                "feed": one.feed,
                "contract": one.contract,
                "source_file": f"landing/{name}",
                "reason_code": reason,
                "rows": count,
            }
            for name, one in sorted(landing.accounts.items())
            for reason, count in sorted(one.reasons.items())
        ]
        schema = {
            "feed": pl.String,
            "contract": pl.String,
            "source_file": pl.String,
            "reason_code": pl.String,
            "rows": pl.Int64,
        }
        self.append("landing_reasons", pl.DataFrame(reasons, schema=schema))
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()
