"""A model made by hand: it finds some pairs one person and others two, in no time."""

from __future__ import annotations

import json
from typing import Any


def comparison(column: str, agreed: float, by_chance: float) -> dict[str, Any]:
    left, right = f"{column}_l", f"{column}_r"
    levels: list[dict[str, Any]] = [
        {"sql_condition": f"{left} is null or {right} is null", "is_null_level": True},
        {"sql_condition": f"{left} = {right}", "m_probability": agreed, "u_probability": by_chance},
        {"sql_condition": "ELSE", "m_probability": 1 - agreed, "u_probability": 1 - by_chance},
    ]
    if column == "city":
        levels[1]["tf_adjustment_column"] = column
    return {"output_column_name": column, "comparison_levels": levels}


MADE_MODEL = json.dumps(
    {
        "probability_two_random_records_match": 0.3,
        "profile_count": 100,
        "comparisons": [
            comparison("name_key", 0.9, 0.1),
            comparison("birth_date", 0.95, 0.1),
            comparison("email", 0.7, 0.2),
            comparison("phone", 0.7, 0.2),
            comparison("street", 0.6, 0.3),
            comparison("city", 0.8, 0.3),
        ],
    }
)
"""In the form of Splink's JSON, of which `identity.scoring.predicting` reads no more."""
