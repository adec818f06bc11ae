"""Correct and complete what training found, so that every level has a weight that can be defended."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from identity.scoring.blocking import create_candidates
from identity.scoring.predicting import levels_sql

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

UNSEEN = 0.01
"""Share given to a level that no session saw."""
PASSES = 25
CAUGHT_WHOLE = frozenset({"document", "email", "phone"})
"""Comparisons whose strongest level is a block of its own: every pair that reaches it is a candidate."""


def finish(con: DuckDBPyConnection, model: dict[str, Any], count: int) -> dict[str, Any]:
    """Return the model with corrected parameters, parameters for levels that training never met, and `profile_count`.

    Splink counts u over random pairs as if all were strangers. Among them are one person's pairs, and where a value is
    next to unique they are most of those that agree: an exact e-mail then weighs at most -log2 of the prior. The
    expected true pairs are therefore taken out of the counts, in passes: the model weighs all candidates, the weights
    say how many pairs of each level are one person's, and what is left is u (Winkler 2006, section 3.2, for u and the
    prior from all pairs).
    """
    for comparison in model["comparisons"]:
        levels = _levels(comparison)
        for parameter in ("m_probability", "u_probability"):
            found = [level.get(parameter) for level in levels]
            values = [value if isinstance(value, float) else UNSEEN for value in found]
            for level, value in zip(levels, values, strict=True):
                level[parameter] = value / sum(values)
    finished = {
        "probability_two_random_records_match": model["probability_two_random_records_match"],
        "profile_count": count,
        "comparisons": model["comparisons"],
        **{key: value for key, value in model.items() if key in ("link_type", "unique_id_column_name", "sql_dialect")},
    }
    create_candidates(con, count)
    _refine(con, finished, count * (count - 1) / 2)
    con.execute("drop table candidates")
    return finished


def _levels(comparison: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the levels that say something, strongest first."""
    return [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]


def _refine(con: DuckDBPyConnection, model: dict[str, Any], all_pairs: float) -> None:
    import numpy as np

    names = [comparison["output_column_name"] for comparison in model["comparisons"]]
    listed = ", ".join(names)
    columns = con.execute(
        f"select {listed}, count(*) as pairs from ({levels_sql(model, 'candidates')}) group by all order by {listed}"
    ).fetchnumpy()
    reached = np.stack([np.asarray(columns[name]) for name in names])
    pairs = np.asarray(columns["pairs"], float)
    agreed = [_weights(comparison, "m_probability") for comparison in model["comparisons"]]
    observed = [_weights(comparison, "u_probability") for comparison in model["comparisons"]]
    chance = [values.copy() for values in observed]
    share = model["probability_two_random_records_match"]
    for _ in range(PASSES):
        bits = np.full(len(pairs), math.log(share / (1 - share)))
        for place in range(len(names)):
            bits += _log_ratio(agreed[place], chance[place], reached[place])
        posterior = 1 / (1 + np.exp(-np.clip(bits, -500, 500)))
        true, false = pairs * posterior, pairs * (1 - posterior)
        share = float(np.clip(true.sum() / all_pairs, 1e-12, 0.5))
        for place, name in enumerate(names):
            _update(
                agreed[place], chance[place], observed=observed[place], reached=reached[place], true=true, false=false,
                all_pairs=all_pairs, caught_whole=name in CAUGHT_WHOLE,
            )  # fmt: skip
    model["probability_two_random_records_match"] = round(share, 15)
    for place, comparison in enumerate(model["comparisons"]):
        for level, one, other in zip(_levels(comparison), agreed[place][::-1], chance[place][::-1], strict=True):
            level["m_probability"], level["u_probability"] = float(f"{one:.9e}"), float(f"{other:.9e}")


def _update(
    agreed: NDArray, chance: NDArray, *, observed: NDArray, reached: NDArray, true: NDArray, false: NDArray,
    all_pairs: float, caught_whole: bool,
) -> None:  # fmt: skip
    """Set m to the shares of the expected true pairs, and u to what they leave of the observed shares."""
    import numpy as np

    known = reached >= 0
    count = len(agreed)
    of_true = np.bincount(reached[known], true[known], count)
    of_false = np.bincount(reached[known], false[known], count)
    comparable = max(of_true.sum() / max(true.sum(), 1e-9), 1e-9)
    agreed[:] = (of_true + 0.5) / (of_true + 0.5).sum()
    # shares are of the pairs that can be compared at all, true and false ones alike
    total = all_pairs * comparable
    left = np.maximum(observed - of_true / total, (of_false + 0.5) / total)
    if caught_whole:
        left[-1] = (of_false[-1] + 0.5) / total
    left[0] = max(1 - left[1:].sum(), 0.01)
    chance[:] = left / left.sum()


def _weights(comparison: dict[str, Any], parameter: str) -> NDArray:
    """Return the parameter of each level by the number `level_sql` gives it: the last level is 0."""
    import numpy as np

    return np.array([level[parameter] for level in _levels(comparison)][::-1])


def _log_ratio(agreed: NDArray, chance: NDArray, reached: NDArray) -> NDArray:
    import numpy as np

    ratio = np.log(agreed / chance)
    return np.where(reached < 0, 0.0, ratio[np.maximum(reached, 0)])
