"""The model epoch on Spark: read a frozen one, or freeze the first from the records at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from identity.epochs import TABLES, create_name_tokens, store_epoch
from identity.scoring.participants import verified_share
from identity.scoring.training import TRUSTED_SHARE, train_when_asked
from workspace.errors import UnavistaError
from workspace.sql import connect, quote_literal

if TYPE_CHECKING:
    from datetime import datetime

    from duckdb import DuckDBPyConnection

    from identity.configuration import IdentityConfig
    from identity.spark.tables import SparkTables
    from workspace.workspace import Workspace


def read_epoch_tables(tables: SparkTables, folder: str) -> None:
    """Create `model_epoch`, `name_tokens` and `term_frequencies` from the files of a publication or a candidate."""
    for name in TABLES:
        tables.read(name.removeprefix("epoch_"), f"{folder}/{name}.parquet")


def freeze_epoch_on_spark(
    tables: SparkTables, config: IdentityConfig, *, as_of: datetime, trainer: Workspace | None = None
) -> None:
    """Create the same tables from `records`, `profiles` and `guards`, as a first run does.

    A scoring model is trained on this machine, within the limits of `trainer`.

    Raises:
        UnavistaError: the records ask for a scoring model, and there is no trainer.
    """
    con = cast("DuckDBPyConnection", tables)
    train = config.scoring.train
    is_asked = train == "always" or (train == "auto" and verified_share(con) < TRUSTED_SHARE)
    if is_asked and trainer is None:
        raise UnavistaError(
            "most records carry no identifier that rules can trust, and a scoring model is not trained on Spark: "
            "train it on a part of the records (`unavista identity train`) and give its folder as `epoch`, "
            "or set scoring: {train: never} in identity.yml"
        )
    create_name_tokens(con)
    count = tables.execute("select count(*) from records where not is_deleted").fetchall()[0][0]
    with connect(trainer) as own:
        # words that two names share are few, however many records there are
        own.register("counted", tables.frame("name_tokens").toArrow())
        own.execute("create temp table name_tokens as select * from counted")
        own.execute("create temp table term_frequencies (column_name VARCHAR, value VARCHAR, frequency DOUBLE)")
        model = _train(own, tables, trainer, config) if is_asked and trainer else None
        store_epoch(own, config, splink_model=model, as_of=as_of, record_count=count)
        for name in ("model_epoch", "term_frequencies"):
            tables.put(name, tables.spark.createDataFrame(own.sql(f"from {name}").to_arrow_table()))


def _train(own: DuckDBPyConnection, tables: SparkTables, ws: Workspace, config: IdentityConfig) -> str | None:
    """Return the model that DuckDB learns from Spark's files, and fill `term_frequencies`."""
    places = tables.places()
    for name in ("records", "profiles", "guards"):
        files = [f"{place}/*.parquet" for place in places[name]]
        own.execute(f"create temp view {name} as select * from read_parquet([{', '.join(map(quote_literal, files))}])")
    return train_when_asked(own, ws, config)
