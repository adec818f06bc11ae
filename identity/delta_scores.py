"""Weigh anew the pairs that a change reaches, where the epoch has a model.

The weight of a pair follows from its two profiles and the epoch, and so does whether the two meet in a block at all:
only pairs with a changed end are weighed, and they are those that a full run would weigh.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from identity.scoring.blocking import create_candidates
from identity.scoring.participants import create_scorable
from identity.scoring.predicting import epoch_model, weights_sql
from identity.state import gather_fresh, replace_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from identity.configuration import IdentityConfig
    from identity.epochs import ModelEpoch


def rescore(con: DuckDBPyConnection, epoch: ModelEpoch, config: IdentityConfig) -> None:
    """Update `scorable` and `scored_edges`, and note the pairs whose weight is another in `moved_scores`
    (left_profile, right_profile, match_weight).

    Needs `touched_profiles`, `changed` (rid), `flipped` (block, kind) and `fresh_profiles`.
    """
    _update_participants(con, config)
    model = epoch_model(epoch)
    create_candidates(con, model["profile_count"], touched=True)
    con.execute(
        """
        create or replace temp table scorable as
        select * from state.scorable where profile in (
            select left_profile from candidates union all select right_profile from candidates
        )
        """
    )
    con.execute(f"create or replace temp table scored_edges as {weights_sql(model, 'candidates')}")
    for table in ("scorable", "scorable_touched", "candidates"):
        con.execute(f"drop table temp.{table}")
    _update_weights(con)


def _update_participants(con: DuckDBPyConnection, config: IdentityConfig) -> None:
    """Update `scorable`, and leave the rows of the profiles that may read differently in `scorable_touched`.

    A profile shows street and city of the record that gives it its number, and no value that a guard blocks.
    """
    con.execute(
        """
        create or replace temp table rescored as
        select profile from touched_profiles
        union
        select rid from changed
        union
        select profile from state.holdings where block in (
            select block from flipped where kind in ('document', 'email', 'phone')
        )
        """
    )
    gather_fresh(con, "profiles", "rescored")
    create_scorable(con, config.scoring)
    con.execute("drop table temp.profiles")
    con.execute("alter table temp.scorable rename to scorable_touched")
    replace_rows(con, "scorable", "profile", "rescored", "scorable_touched")


def _update_weights(con: DuckDBPyConnection) -> None:
    con.execute(
        """
        create or replace temp table former_scores as
        select * from state.scored_edges
        where left_profile in (select profile from rescored) or right_profile in (select profile from rescored)
        """
    )
    con.execute(
        """
        create or replace temp table moved_scores as
        (select * from former_scores except all select * from temp.scored_edges)
        union all
        (select * from temp.scored_edges except all select * from former_scores)
        """
    )
    con.execute(
        """
        delete from state.scored_edges
        where left_profile in (select profile from rescored) or right_profile in (select profile from rescored)
        """
    )
    con.execute("insert into state.scored_edges by name select * from temp.scored_edges")
    con.execute("drop table temp.scored_edges")
