"""The process of a resolution on Spark: link the records that another process laid down, and say where the tables are.

It is one of its own because a JVM cannot be started twice in one process, and its memory should go when it is done.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from identity.configuration import IdentityConfig
from workspace.errors import UnavistaError
from workspace.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import SparkSession

RECORDS, DECIDED, EPOCH = "raw_records.parquet", "decided_pairs.parquet", "epoch"
"""What a request consists of beside its words; without the folder of an epoch the first is frozen."""
_REQUEST, _MADE, _WORDS = "request.json", "made.json", "words.txt"


@dataclass(frozen=True)
class _Elsewhere(Workspace):
    """A workspace that spills into the scratch folder: its own spill belongs to the process that waits."""

    scratch: Path = field(default=Path())

    @property
    def warehouse(self) -> Path:
        """Return the scratch folder."""
        return self.scratch


def write_request(
    folder: Path, ws: Workspace, config: IdentityConfig, *, as_of: datetime, session: Mapping[str, str]
) -> None:
    """Write down how the records in a folder are to be linked, and the settings of the session that does it."""
    request = {
        "root": str(ws.root),
        "config": config.model_dump(mode="json"),
        "as_of": as_of.isoformat(),
        "session": dict(session),
    }
    (folder / _REQUEST).write_text(json.dumps(request), encoding="utf-8")


def tables_made(folder: Path) -> dict[str, list[Path]]:
    """Return the Parquet files of each table that the process made; none when it has no row."""
    made = json.loads((folder / _MADE).read_text(encoding="utf-8"))
    return {
        table: [file for place in map(Path, places) for file in (sorted(place.glob("*.parquet")) or [place])]
        for table, places in made.items()
    }


def last_words(folder: Path) -> str:
    """Return what the process said of its failure; nothing when it was killed."""
    file = folder / _WORDS
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def main(arguments: list[str]) -> int:
    """Carry out the request in the folder that is the only argument; return the exit code."""
    folder = Path(arguments[0])
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        _carry_out(folder)
    except Exception as error:
        said = str(error) if isinstance(error, UnavistaError) else _without_values(error)
        (folder / _WORDS).write_text(said, encoding="utf-8")
        return 1
    return 0


def _end_with_parent() -> None:
    """End when the process that waits is gone: standard input ends with it, and nobody would take the tables."""
    while os.read(0, 1):
        pass
    os._exit(1)


def _without_values(error: BaseException) -> str:
    """Return the kind of an unexpected error and the way to it: what an engine says quotes values of people."""
    kind = type(error).__name__
    condition = getattr(error, "getCondition", None)
    if condition is not None:
        kind += f" {condition()}"
    raised_by = getattr(error, "java_exception", None)
    if raised_by is not None:
        kind += f" ({raised_by.getClass().getName()})"
    ours = [place for place in traceback.extract_tb(error.__traceback__) if "site-packages" not in place.filename]
    return f"{kind} in {' → '.join(f'{Path(one.filename).name}:{one.lineno}' for one in ours)}"


def _carry_out(folder: Path) -> None:
    request = json.loads((folder / _REQUEST).read_text(encoding="utf-8"))
    spark = _session(request["session"])
    try:
        link_requested(spark, folder)
    finally:
        spark.stop()


def _session(settings: Mapping[str, str]) -> SparkSession:
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("unavista identity")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def link_requested(spark: SparkSession, folder: Path) -> None:
    """Link the records in a folder as the request there asks for, and note where the tables are."""
    from identity.spark.linking import link_on_spark

    request = json.loads((folder / _REQUEST).read_text(encoding="utf-8"))
    opened = Workspace.open(request["root"])
    ws = _Elsewhere(opened.root, opened.settings, folder)
    tables = link_on_spark(
        spark,
        spark.read.parquet(str(folder / RECORDS)),
        IdentityConfig.model_validate(request["config"]),
        country=ws.settings.country,
        as_of=datetime.fromisoformat(request["as_of"]),
        scratch=str(folder / "tables"),
        epoch=str(folder / EPOCH) if (folder / EPOCH).is_dir() else None,
        decided_pairs=spark.read.parquet(str(folder / DECIDED)),
        trainer=ws,
    )
    (folder / _MADE).write_text(json.dumps(tables.places()), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
