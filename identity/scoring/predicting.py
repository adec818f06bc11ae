"""Weigh pairs with the model that the epoch pins: the log2 of the odds that two profiles are one person.

Splink trains the model; the weights are summed here, in one SQL statement made from the model's JSON. A pair's weight
is then a function of the two profiles and the epoch alone, whichever other pairs are scored beside it.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from identity.scoring.blocking import create_candidates
from identity.scoring.participants import COLUMNS, create_scorable
from workspace.sql import quote_literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from identity.configuration import IdentityConfig
    from identity.epochs import ModelEpoch


def create_scored_edges(con: DuckDBPyConnection, epoch: ModelEpoch, config: IdentityConfig) -> None:
    """Create `scored_edges` (left_profile < right_profile, match_weight) over the pairs that agree on something rare.

    The weight is log2 of the posterior odds, rounded to six decimals; below zero the profiles are rather two people,
    which holds them apart where others would join them. It and `scorable` are empty when the epoch has no model.

    Args:
        con: Connection that holds `profiles`, `records`, `guards` and the tables of the epoch.
        epoch: Epoch in force.
        config: Says which profiles take part.
    """
    if epoch.splink_model is None:
        con.execute(
            "create or replace temp table scored_edges (left_profile BIGINT, right_profile BIGINT, match_weight DOUBLE)"
        )
        con.execute("create or replace temp table scorable (profile BIGINT)")
        return
    model = epoch_model(epoch)
    create_scorable(con, config.scoring)
    create_candidates(con, model["profile_count"])
    con.execute(f"create or replace temp table scored_edges as {weights_sql(model, 'candidates')}")
    con.execute("drop table candidates")


def create_touched_scores(con: DuckDBPyConnection, epoch: ModelEpoch) -> None:
    """Create `scored_edges` over the pairs with an end in `scorable_touched`, with the weights of a full run.

    Of `scorable` only those are laid out side by side that meet a touched one.
    """
    model = epoch_model(epoch)
    create_candidates(con, model["profile_count"], touched=True)
    con.execute(
        """
        create or replace temp table scorable_met as
        select * from scorable where profile in (
            select left_profile from candidates union all select right_profile from candidates
        )
        """
    )
    weights = weights_sql(model, "candidates", participants="scorable_met")
    con.execute(f"create or replace temp table scored_edges as {weights}")
    con.execute("drop table candidates")
    con.execute("drop table scorable_met")


def epoch_model(epoch: ModelEpoch) -> dict[str, Any]:
    """Return the model of the epoch, with what labels said of it under `recalibration`."""
    model = json.loads(epoch.splink_model or "{}")
    return model | {"recalibration": json.loads(epoch.recalibration or "{}")}


def weights_sql(model: dict[str, Any], pairs: str, *, participants: str = "scorable") -> str:
    """Return SQL that yields (left_profile, right_profile, match_weight) for a table of pairs of `participants`.

    The weight is log2(λ / (1 - λ)) + Σ log2(m / u), and + log2(u / frequency) where a level is adjusted by how common
    the shared value is (Fellegi and Sunter 1969; term frequencies as in Splink's documentation).
    """
    return f"with pairs as ({pairs_sql(pairs, participants=participants)}) {weighing_sql(model)}"


def weighing_sql(model: dict[str, Any]) -> str:
    """Return SQL that weighs the rows of `pairs`, each by itself."""
    terms = [_double(prior_bits(model)), *(comparison_sql(one, model) for one in model["comparisons"])]
    return f"select left_profile, right_profile, round({' + '.join(terms)}, 6) as match_weight from pairs"


def levels_sql(model: dict[str, Any], pairs: str) -> str:
    """Return SQL that yields for each pair the number of the level reached (the last is 0), one column a comparison."""
    fields = ", ".join(f"{level_sql(one)} as {one['output_column_name']}" for one in model["comparisons"])
    return f"with pairs as ({pairs_sql(pairs)}) select left_profile, right_profile, {fields} from pairs"


def prior_bits(model: dict[str, Any]) -> float:
    """Return log2 of the odds that two random profiles are one person, moved by what labels said."""
    share = model["probability_two_random_records_match"]
    return math.log2(share / (1 - share)) + float(model.get("recalibration", {}).get("offset_bits", 0))


def level_sql(comparison: dict[str, Any]) -> str:
    """Return SQL for the number of the level that a pair reaches: -1 where it says nothing, 0 for the last."""
    levels = comparison["comparison_levels"]
    cases = [
        f"when {level['sql_condition']} then {-1 if level.get('is_null_level') else len(levels) - 1 - place}"
        for place, level in enumerate(levels)
        if level["sql_condition"] != "ELSE"
    ]
    return f"case {' '.join(cases)} else 0 end"


def comparison_sql(comparison: dict[str, Any], model: dict[str, Any]) -> str:
    """Return SQL for the bits that a comparison adds, in the proportion that labels gave it."""
    factor = model.get("recalibration", {}).get("factors", {}).get(comparison["output_column_name"], 1.0)
    cases, other = [], _double(0)
    for level in comparison["comparison_levels"]:
        bits = _bits(level, model)
        if level["sql_condition"] == "ELSE":
            other = bits
        else:
            cases.append(f"when {level['sql_condition']} then {bits}")
    return f"({_double(factor)} * case {' '.join(cases)} else {other} end)"


def _bits(level: dict[str, Any], model: dict[str, Any]) -> str:
    if level.get("is_null_level"):
        return _double(0)
    agreed, by_chance = level["m_probability"], level["u_probability"]
    column = level.get("tf_adjustment_column")
    bits = _double(math.log2(agreed / by_chance))
    if not column:
        return bits
    floor = _double(1 / model["profile_count"])
    return (
        f"({bits} + log2({_double(by_chance)} / "
        f"greatest(coalesce({column}_frequency_l, {floor}), coalesce({column}_frequency_r, {floor}))))"
    )


def _double(value: float) -> str:
    """Return a literal that DuckDB reads as DOUBLE; without an exponent it would be a DECIMAL."""
    return f"{value:.16e}"


def pairs_sql(pairs: str, *, participants: str = "scorable") -> str:
    """Return SQL that lays both profiles of each pair side by side, with the frequencies of their values."""
    sides = []
    for side in ("l", "r"):
        fields = [f"{side}.{name} as {name}_{side}" for name in COLUMNS]
        fields += [f"{side}.{name}_frequency as {name}_frequency_{side}" for name in ADJUSTED]
        sides.append(", ".join(fields))
    joins = "".join(
        f" left join term_frequencies f{place} on f{place}.column_name = {quote_literal(name)} "
        f"and f{place}.value = s.{name}"
        for place, name in enumerate(ADJUSTED)
    )
    frequencies = "".join(f", f{place}.frequency as {name}_frequency" for place, name in enumerate(ADJUSTED))
    side = f"(select s.*{frequencies} from {participants} s{joins})"
    return (
        f"select p.left_profile, p.right_profile, {sides[0]}, {sides[1]} from {pairs} p "
        f"join {side} l on l.profile = p.left_profile join {side} r on r.profile = p.right_profile"
    )


ADJUSTED = ("given_key", "family_key", "full_key", "postal_code", "city")
"""Columns by whose frequency a level may be adjusted."""
