"""Freeze what no single pair, value or component can tell: the model epoch.

How rare a name is, how many records there are and what a comparison weighs depend on all records. A run that measured
them anew would change decisions about people whose data did not change. So they are measured once, carried from
publication to publication, and renewed only on request: a candidate is made, compared in shadow, and adopted.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from identity.published import published_folder
from workspace.sql import quote_literal

if TYPE_CHECKING:
    from datetime import datetime

    from duckdb import DuckDBPyConnection

    from identity.configuration import IdentityConfig
    from workspace.workspace import Workspace

TABLES = {
    "model_epoch": {
        "epoch_id": "VARCHAR", "record_count": "BIGINT", "rules_hash": "VARCHAR", "normaliser_version": "VARCHAR",
        "splink_model": "VARCHAR", "recalibration": "VARCHAR", "created_as_of": "TIMESTAMP",
    },
    "epoch_name_tokens": {"token": "VARCHAR", "bits": "DOUBLE"},
    "epoch_term_frequencies": {"column_name": "VARCHAR", "value": "VARCHAR", "frequency": "DOUBLE"},
}  # fmt: skip
"""The tables of an epoch; each is an identity output of the same name, and a file of a candidate."""
OUTGROWN = 4
"""Times the records of its freeze at which an epoch no longer describes the records."""


@dataclass(frozen=True)
class ModelEpoch:
    """What is pinned while it is in force.

    Args:
        epoch_id: Hash of all the rest but the instant: the same records and configuration give the same epoch.
        record_count: Records that were not deleted when it was frozen; log2 of it is what a chance match costs.
        rules_hash: Hash of guards, blocklists and rules.
        normaliser_version: Hash of the normalisers.
        splink_model: Model of the scored comparisons as Splink's JSON, or None when nothing is scored.
        recalibration: What labels said of the weights, as JSON, or None.
        created_as_of: `as_of` of the run that froze it, naive UTC.
    """

    epoch_id: str
    record_count: int
    rules_hash: str
    normaliser_version: str
    splink_model: str | None = None
    recalibration: str | None = None
    created_as_of: datetime | None = None


def rules_hash(config: IdentityConfig) -> str:
    """Return the hash of what decides by rule; a person's overrides of single values are no rules."""
    return hashlib.sha256(config.model_dump_json(exclude={"overrides", "scoring"}).encode()).hexdigest()[:16]


@lru_cache(maxsize=1)
def normaliser_version() -> str:
    """Return the hash of the files that normalise."""
    folder = Path(__file__).with_name("normalising")
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.iterdir() if path.suffix in (".py", ".csv")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def candidate_folder(ws: Workspace) -> Path:
    """Return the folder of the epoch that waits for adoption; it may not exist."""
    return ws.epochs / "candidate"


def adopted_folder(ws: Workspace) -> Path:
    """Return the folder of the epoch that a person put in force; it may not exist."""
    return ws.epochs / "adopted"


def load_epoch(
    con: DuckDBPyConnection, ws: Workspace, config: IdentityConfig, *, folder: Path | None = None
) -> ModelEpoch | None:
    """Return the epoch in force and create its tables, or None when there is none yet.

    An adopted epoch comes before the one of the last publication. `folder` reads another one, as a comparison in
    shadow does. `config` decides nothing here: an epoch outlives a change of rules until it is renewed.

    Creates `model_epoch`, `name_tokens` (token, bits) and `term_frequencies` (column_name, value, frequency), and the
    views `epoch_<…>` under which they are written.
    """
    del config
    places = [folder] if folder else [adopted_folder(ws), published_folder(ws)]
    place = next((one for one in places if (one / "model_epoch.parquet").is_file()), None)
    if place is None:
        return None
    for table, columns in TABLES.items():
        source = quote_literal(place / f"{table}.parquet")
        name = table.removeprefix("epoch_")
        con.execute(f"create or replace temp table {name} as select {', '.join(columns)} from read_parquet({source})")
    _create_views(con)
    return read_epoch(con)


def freeze_epoch(
    con: DuckDBPyConnection, ws: Workspace, config: IdentityConfig, *, as_of: datetime | None = None
) -> ModelEpoch:
    """Make an epoch from `records`, `profiles` and `guards`, and create the same tables as `load_epoch`.

    `bits` of a token is -log2 of its share of all name tokens of the records. Tokens of a single full name are left
    out: they count as seen once, as unknown ones do, and a table that is carried on should not name one person.

    Raises:
        ConfigError: the configuration asks for scoring and Splink is not installed.
    """
    from identity.scoring.training import train_when_asked

    create_name_tokens(con)
    con.execute("create or replace temp table term_frequencies (column_name VARCHAR, value VARCHAR, frequency DOUBLE)")
    model = train_when_asked(con, ws, config)
    return store_epoch(con, config, splink_model=model, as_of=as_of)


def store_epoch(
    con: DuckDBPyConnection,
    config: IdentityConfig,
    *,
    splink_model: str | None,
    recalibration: str | None = None,
    as_of: datetime | None = None,
    record_count: int | None = None,
) -> ModelEpoch:
    """Put an epoch of the tables `name_tokens` and `term_frequencies` together, as `model_epoch`.

    `record_count` stands for the table `records`, whose rows are counted when it is not given.
    """
    count = record_count
    if count is None:
        count = con.execute("select count(*) from records where not is_deleted").fetchall()[0][0]
    parts = [
        str(count), rules_hash(config), normaliser_version(), splink_model or "", recalibration or "",
        _digest(con, "name_tokens", "token, bits"),
        _digest(con, "term_frequencies", "column_name, value, frequency"),
    ]  # fmt: skip
    epoch = ModelEpoch(
        hashlib.md5("\x1f".join(parts).encode(), usedforsecurity=False).hexdigest(),
        count, rules_hash(config), normaliser_version(), splink_model, recalibration, as_of,
    )  # fmt: skip
    columns = ", ".join(f"{name} {kind}" for name, kind in TABLES["model_epoch"].items())
    con.execute(f"create or replace temp table model_epoch ({columns})")
    con.execute(
        "insert into model_epoch values (?, ?, ?, ?, ?, ?, ?)", [getattr(epoch, name) for name in TABLES["model_epoch"]]
    )
    _create_views(con)
    return epoch


def read_epoch(con: DuckDBPyConnection) -> ModelEpoch:
    """Return the epoch that the table `model_epoch` holds."""
    return ModelEpoch(*con.execute(f"select {', '.join(TABLES['model_epoch'])} from model_epoch").fetchall()[0])


def unknown_token_bits() -> str:
    """Return SQL for the bits of a token that `name_tokens` does not list: those of one occurrence."""
    return "(select coalesce(max(bits), 1) from name_tokens where token = '')"


def epoch_metrics(epoch: ModelEpoch, config: IdentityConfig, record_count: int) -> dict[str, float]:
    """Return what a run should say of its epoch; `epoch_is_outgrown` and `epoch_differs_from_*` ask for a renewal."""
    return {
        "epoch_record_count": float(epoch.record_count),
        "epoch_growth": round(record_count / max(epoch.record_count, 1), 4),
        "epoch_is_outgrown": float(record_count >= OUTGROWN * max(epoch.record_count, 1)),
        "epoch_differs_from_rules": float(epoch.rules_hash != rules_hash(config)),
        "epoch_differs_from_normaliser": float(epoch.normaliser_version != normaliser_version()),
        "epoch_has_scoring_model": float(epoch.splink_model is not None),
    }


def write_epoch(con: DuckDBPyConnection, folder: Path) -> None:
    """Write the tables of the epoch at hand into `folder`, replacing it as a whole."""
    import shutil

    from workspace.atomic import replace_dir

    partial = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for table in TABLES:
        con.execute(f"copy (select * from {table} order by all) to {quote_literal(partial / f'{table}.parquet')}")
    replace_dir(partial, folder)


def _create_views(con: DuckDBPyConnection) -> None:
    for table in TABLES:
        if table.startswith("epoch_"):
            con.execute(f"create or replace temp view {table} as select * from {table.removeprefix('epoch_')}")


def create_name_tokens(con: DuckDBPyConnection) -> None:
    """Create `name_tokens` (token, bits); the empty token carries the bits of a single occurrence."""
    con.execute(
        """
        create or replace temp table name_tokens as
        with names as (
            select name_key, count(*) as record_count from records
            where name_key is not null and not is_deleted group by name_key
        ),
        tokens as (
            select unnest(string_split(name_key, ' ')) as token, record_count from names
        ),
        counted as (
            select token, sum(record_count) as uses, count(*) as name_count from tokens group by token
        ),
        total as (
            select greatest(sum(uses), 1) as uses from counted
        )
        select c.token, round(-log2(cast(c.uses as DOUBLE) / t.uses), 6) as bits
        from counted c, total t
        where c.name_count >= 2 and c.token <> ''
        union all
        select '', round(log2(cast(uses as DOUBLE)), 6) from total
        """
    )


def _digest(con: DuckDBPyConnection, table: str, columns: str) -> str:
    """Return a hash of the rows of a table, whatever their order."""
    number = f"cast(md5_number(concat_ws(chr(31), {columns})) >> 64 as HUGEINT)"
    row = con.execute(f"select count(*), coalesce(sum({number}), 0) from {table}").fetchall()[0]
    return f"{row[0]}:{row[1]}"
