"""Learn what agreement and disagreement weigh from the records alone, with Splink, and freeze it as JSON."""

from __future__ import annotations

import json
import logging
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from identity.scoring.blocking import create_term_frequencies
from identity.scoring.comparisons import READS, settings
from identity.scoring.parameters import finish
from identity.scoring.participants import COLUMNS, create_scorable, verified_share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection

    from identity.configuration import IdentityConfig
    from workspace.workspace import Workspace

TRUSTED_SHARE = 0.2
"""Share of profiles with a trusted identifier up to which rules alone would leave most people in pieces."""
FEWEST_PROFILES = 200
"""Profiles below which there are too few pairs to learn from."""
MOST_PROFILES = 300_000
"""Profiles that are learnt from; beyond, a part of them chosen by hash says the same."""
RANDOM_PROFILES = 1500
"""Profiles whose 1.1 million pairs show how often strangers agree."""
FILLED_SHARE = 0.02
"""Share of the profiles that must have a value before its comparison is learnt."""
FEWEST_PAIRS = 30
RECALL = 0.7
"""Share of the true pairs that the sure rules are taken to find: a start only, the last passes count them anew."""
SURE = {
    "document": "l.document = r.document",
    "email": "l.email = r.email and (l.given_key = r.given_key or l.birth_date = r.birth_date)",
    "phone": "l.phone = r.phone and l.given_key = r.given_key",
    "birth_date": "l.full_key = r.full_key and l.birth_date = r.birth_date",
    "address": "l.full_key = r.full_key and l.postal_code = r.postal_code and l.street_number = r.street_number",
}
"""Per comparison it needs: what is hardly ever true of two people."""
SESSIONS = {
    "document": ("document",),
    "email": ("email",),
    "phone": ("phone",),
    "name": ("given_key", "family_key"),
    "birth_date": ("birth_date",),
    "address": ("postal_code", "street_number"),
}
"""Per comparison that a session cannot learn: the columns on which its pairs agree."""


def train_when_asked(con: DuckDBPyConnection, ws: Workspace, config: IdentityConfig) -> str | None:
    """Return the trained model as JSON, or None when the configuration or the records ask for none.

    Raises:
        ConfigError: a model is asked for and Splink is not installed.
    """
    scoring = config.scoring
    if scoring.train == "never" or (scoring.train == "auto" and verified_share(con) >= TRUSTED_SHARE):
        return None
    try:
        return train(con, ws, config)
    except ValueError:
        # records that are all alike leave nothing to learn, and Splink then takes the logarithm of nought
        if scoring.train == "always":
            raise
        con.execute("delete from term_frequencies")
        return None


def train(con: DuckDBPyConnection, ws: Workspace, config: IdentityConfig) -> str | None:
    """Return a model trained on the participants, and fill `term_frequencies`; None when they are too few.

    Unsupervised as Splink's guide has it: the share of true pairs from sure rules, how often strangers agree (u) from
    random pairs, how often one person's records agree (m) by expectation maximisation in sessions on pairs that agree
    on something. Every sample is chosen by hash, so the same records give the same model.
    """
    create_scorable(con, config.scoring)
    count = con.execute("select count(*) from scorable").fetchall()[0][0]
    if count < FEWEST_PROFILES:
        return None
    create_term_frequencies(con)
    filled = con.execute(f"select {', '.join(f'count({sql})' for sql in READS.values())} from scorable").fetchall()[0]
    names = [name for name, values in zip(READS, filled, strict=True) if values >= FILLED_SHARE * count]
    model = _trained(con, ws, names, count)
    return json.dumps(finish(con, model, count), sort_keys=True)


def _trained(con: DuckDBPyConnection, ws: Workspace, names: list[str], count: int) -> dict[str, Any]:
    with _quiet(), _linker(con, ws, settings(names), min(count, MOST_PROFILES)) as linker:
        linker.training.estimate_probability_two_random_records_match(
            [SURE[name] for name in names if name in SURE], recall=RECALL
        )
        shared = linker.misc.save_model_to_json()["probability_two_random_records_match"]
        with _linker(con, ws, settings(names), RANDOM_PROFILES) as strangers:
            strangers.training.estimate_u_using_random_sampling(max_pairs=1e8, seed=1, min_count_per_level=None)
            described = strangers.misc.save_model_to_json()
        described["probability_two_random_records_match"] = shared
    with _quiet(), _linker(con, ws, described, min(count, MOST_PROFILES)) as linker:
        for name in names:
            if _pairs(con, SESSIONS[name]) >= FEWEST_PAIRS:
                linker.training.estimate_parameters_using_expectation_maximisation(
                    " and ".join(f"l.{column} = r.{column}" for column in SESSIONS[name]),
                    estimate_without_term_frequencies=True,
                )
        return linker.misc.save_model_to_json()


def _pairs(con: DuckDBPyConnection, columns: tuple[str, ...]) -> int:
    """Return how many pairs of participants agree on the columns."""
    present = " and ".join(f"{column} is not null" for column in columns)
    row = con.execute(
        f"select coalesce(sum(n * (n - 1) / 2), 0) from (select count(*) as n from scorable where {present} "
        f"group by {', '.join(columns)})"
    ).fetchall()
    return int(row[0][0])


@contextmanager
def _linker(con: DuckDBPyConnection, ws: Workspace, described: dict[str, Any], count: int) -> Iterator[Any]:
    """Open a linker over the first `count` participants by hash.

    Each has a DuckDB of its own: Splink keeps term frequencies by column name on the connection, and a second linker
    on it would silently take over the first one's.
    """
    import duckdb

    try:
        from splink import DuckDBAPI, Linker
    except ImportError:
        from workspace.errors import ConfigError

        raise ConfigError(
            "most records carry no identifier that rules can trust, and Splink, which would weigh them, is missing",
            file=ws.root / "identity.yml", key="scoring.train",
            hint="Install it (pip install 'unavista[scoring]'), or set scoring: {train: never}",
        ) from None  # fmt: skip
    rows = con.sql(
        f"select * from (select profile, {', '.join(COLUMNS)} from scorable "
        f"order by md5(cast(profile as VARCHAR)), profile limit {count}) order by profile"
    ).to_arrow_table()
    with duckdb.connect(config={"threads": 1, "memory_limit": ws.settings.memory_limit}) as own:
        own.register("rows", rows)
        own.execute("create table participants as select * from rows")
        yield Linker(DuckDBAPI(own).register("participants"), described, log_level=None, validate_settings=False)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Splink from telling its progress, which would tell of the records as well."""
    logger = logging.getLogger("splink")
    before, logger.disabled = logger.disabled, True
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.disabled = before
        logger.setLevel(level)
