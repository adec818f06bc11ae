"""Weigh anew the pairs that a change reaches, where the epoch has a model.

The weight of a pair follows from its two profiles and the epoch, and so does whether the two meet in a block at all:
only pairs with a changed end are weighed, and they are those that a full run would weigh.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from identity.scoring.participants import GUARDED, create_scorable
from identity.scoring.predicting import create_touched_scores
from identity.state import create_moved_rows, gather_fresh, replace_rows
from workspace.sql import quote_literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from identity.configuration import IdentityConfig
    from identity.epochs import ModelEpoch


def rescore(con: DuckDBPyConnection, epoch: ModelEpoch, config: IdentityConfig) -> None:
    """Update `scorable` and `scored_edges`, and note the pairs whose weight is another in `moved_scores`
    (left_profile, right_profile, match_weight).

    Needs `touched_profiles`, `changed` (rid), `flipped` (block, kind) and `fresh_profiles`.
    """
    if epoch.splink_model is None:
        # none were weighed
        con.execute("create or replace temp table moved_scores as select * from state.scored_edges")
        return
    _update_participants(con, config)
    create_touched_scores(con, epoch)
    con.execute("drop table temp.scorable_touched")
    con.execute(
        """
        create or replace temp table former_scores as
        select * from state.scored_edges
        where left_profile in (select profile from rescored) or right_profile in (select profile from rescored)
        """
    )
    create_moved_rows(con, "moved_scores", "former_scores", "temp.scored_edges")
    replace_rows(con, "scored_edges", "(left_profile, right_profile)", "former_scores", "temp.scored_edges")
    con.execute("drop table temp.scored_edges")


def _update_participants(con: DuckDBPyConnection, config: IdentityConfig) -> None:
    """Update `scorable`, and leave the rows of the profiles that may read differently in `scorable_touched`.

    A profile shows street and city of the record that gives it its number, and no value that a guard blocks.
    """
    guarded = ", ".join(quote_literal(kind) for kind in GUARDED)
    con.execute(
        f"""
        create or replace temp table rescored as
        select profile from touched_profiles
        union
        select rid from changed
        union
        select profile from state.holdings where block in (select block from flipped where kind in ({guarded}))
        """
    )
    gather_fresh(con, "profiles", "rescored")
    create_scorable(con, config.scoring)
    con.execute("drop table temp.profiles")
    con.execute("alter table temp.scorable rename to scorable_touched")
    replace_rows(con, "scorable", "profile", "rescored", "scorable_touched")
