"""Weigh a pair of published records as the model does, comparison by comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from identity.epochs import read_epoch
from identity.published import open_tables
from identity.scoring.waterfall import Step as Bits
from identity.scoring.waterfall import explain_pair
from workspace.sql import connect

if TYPE_CHECKING:
    from identity.published import IdentityTables

_TABLES = ("customer_records", "customer_identifiers", "model_epoch", "epoch_term_frequencies")


@dataclass(frozen=True)
class Weighed:
    """What the model makes of a pair.

    Args:
        record_id_left: One record.
        record_id_right: The other.
        bits: Their sum: log2 of the odds that they are one person; below zero they are rather two.
        steps: From the odds of any two records to those of this pair.
    """

    record_id_left: str
    record_id_right: str
    bits: float
    steps: tuple[Bits, ...]


def has_model(tables: IdentityTables) -> bool:
    """Tell whether a model weighs pairs."""
    return tables.rows("model_epoch", ("splink_model",)) != [(None,)]


def weigh(tables: IdentityTables, left: str, right: str) -> Weighed | None:
    """Return what the model makes of two records, or None where there is no model.

    Args:
        tables: The identity tables.
        left: A record id.
        right: Another one.
    """
    if not has_model(tables):
        return None
    with connect(tables.ws) as con:
        open_tables(con, tables.folder, *_TABLES)
        con.execute("create temp view term_frequencies as from epoch_term_frequencies")
        steps = explain_pair(con, read_epoch(con), left, right, identifiers="customer_identifiers")
    return Weighed(left, right, round(sum(step.bits for step in steps), 6), tuple(steps))
