"""The model epoch on Spark: read a frozen one, or freeze the first from the records at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from identity.epochs import TABLES, create_name_tokens, store_epoch
from identity.scoring.participants import verified_share
from identity.scoring.training import TRUSTED_SHARE
from workspace.errors import UnavistaError
from workspace.sql import connect

if TYPE_CHECKING:
    from datetime import datetime

    from duckdb import DuckDBPyConnection

    from identity.configuration import IdentityConfig
    from identity.spark.tables import SparkTables


def read_epoch_tables(tables: SparkTables, folder: str) -> None:
    """Create `model_epoch`, `name_tokens` and `term_frequencies` from the files of a publication or a candidate."""
    for name in TABLES:
        tables.read(name.removeprefix("epoch_"), f"{folder}/{name}.parquet")


def freeze_epoch_on_spark(tables: SparkTables, config: IdentityConfig, *, as_of: datetime) -> None:
    """Create the same tables from `records` and `profiles`, as a first run does.

    Raises:
        UnavistaError: the records ask for a scoring model, which is trained on one machine.
    """
    con = cast("DuckDBPyConnection", tables)
    train = config.scoring.train
    if train == "always" or (train == "auto" and verified_share(con) < TRUSTED_SHARE):
        raise UnavistaError(
            "most records carry no identifier that rules can trust, and a scoring model is not trained on Spark: "
            "train it on a part of the records (`unavista identity train`) and give its folder as `epoch`, "
            "or set scoring: {train: never} in identity.yml"
        )
    create_name_tokens(con)
    count = tables.execute("select count(*) from records where not is_deleted").fetchall()[0][0]
    # words that two names share are few, however many records there are
    with connect() as own:
        own.register("counted", tables.frame("name_tokens").toArrow())
        own.execute("create temp table name_tokens as select * from counted")
        own.execute("create temp table term_frequencies (column_name VARCHAR, value VARCHAR, frequency DOUBLE)")
        store_epoch(own, config, splink_model=None, as_of=as_of, record_count=count)
        for name in ("model_epoch", "term_frequencies"):
            tables.put(name, tables.spark.createDataFrame(own.sql(f"from {name}").to_arrow_table()))
