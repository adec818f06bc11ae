"""Move the weights to what people decided about pairs, as far as their decisions carry."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from identity.scoring.predicting import comparison_sql, pairs_sql, prior_bits

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

FEWEST_LABELS = 300
"""Decisions below which nothing is moved: on fake_1000, 100 or 200 labels lost F1 as often as they gained it."""
OFFSET_SPREAD = 3.0
"""Bits by which the model's odds are thought to be off before anybody has looked."""
FACTOR_SPREAD = 0.5
"""How far a comparison is thought to weigh more or less than the model has it."""


def recalibrate(con: DuckDBPyConnection, model: dict[str, Any]) -> str | None:
    """Return the recalibration that `decided_pairs` calls for as JSON, or None while there are too few labels.

    A logistic regression on the bits of each comparison, held near the model by a normal prior (offset 0, factors 1)
    and to factors of at least 0: more agreement never speaks against a match. Few labels move little.

    Args:
        con: Connection that holds `decided_pairs`, `record_profiles`, `scorable` and `term_frequencies`.
        model: The model without recalibration.
    """
    import numpy as np

    con.execute(
        """
        create or replace temp table labelled_pairs as
        select least(l.profile, r.profile) as left_profile, greatest(l.profile, r.profile) as right_profile,
            min(d.decision) as decision
        from decided_pairs d
        join records a on a.record_id = d.record_id_left
        join records b on b.record_id = d.record_id_right
        join record_profiles l on l.rid = a.rid
        join record_profiles r on r.rid = b.rid
        where l.profile <> r.profile and d.decision in ('same', 'different')
        group by 1, 2 having count(distinct d.decision) = 1
        """
    )
    names = [one["output_column_name"] for one in model["comparisons"]]
    fields = ", ".join(
        f"{comparison_sql(one, model)} as {name}" for name, one in zip(names, model["comparisons"], strict=True)
    )
    rows = con.execute(
        f"with pairs as ({pairs_sql('labelled_pairs')}) select (l.decision = 'same')::INTEGER as is_same, {fields} "
        "from pairs join labelled_pairs l using (left_profile, right_profile) order by left_profile, right_profile"
    ).fetchnumpy()
    same = np.asarray(rows["is_same"], float)
    if len(same) < FEWEST_LABELS or same.min() == same.max():
        return None
    offset, factors = fit(np.stack([np.asarray(rows[name], float) for name in names], axis=1), same, prior_bits(model))
    described = {
        "label_count": len(same),
        "offset_bits": round(offset, 6),
        "factors": {name: round(float(factor), 6) for name, factor in zip(names, factors, strict=True)},
    }
    return json.dumps(described, sort_keys=True)


def fit(bits: NDArray, same: NDArray, prior: float) -> tuple[float, NDArray]:
    """Return the offset and the factor of each comparison that are most probable given labels (pairs x comparisons)."""
    import numpy as np
    from scipy.optimize import minimize

    def loss(values: NDArray) -> tuple[float, NDArray]:
        odds = np.log(2) * (prior + values[0] + bits @ values[1:])
        away = np.concatenate([[values[0] / OFFSET_SPREAD], (values[1:] - 1) / FACTOR_SPREAD])
        wrong = 1 / (1 + np.exp(-np.clip(odds, -500, 500))) - same
        pull = np.concatenate([[away[0] / OFFSET_SPREAD], away[1:] / FACTOR_SPREAD])
        slope = np.log(2) * np.concatenate([[wrong.sum()], bits.T @ wrong]) + pull
        return float((np.logaddexp(0, odds) - same * odds).sum() + (away**2).sum() / 2), slope

    start = np.concatenate([[0.0], np.ones(bits.shape[1])])
    limits = [(-20.0, 20.0), *([(0.0, 5.0)] * bits.shape[1])]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=limits, options={"maxiter": 500}).x
    return float(found[0]), found[1:]
