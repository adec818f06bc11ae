"""The comparisons that ship: which levels of agreement two profiles can reach, as Splink's comparison levels.

A level names what it takes to reach it; the first that holds counts. What a level weighs is learnt from the data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

Level = tuple[str, str, str | None]
"""Label, condition over the columns of both sides, and the column whose frequency adjusts the weight."""


def _near(column: str, edits: int) -> str:
    return f"damerau_levenshtein({column}_l, {column}_r) <= {edits}"


def _alike(left: str, right: str, similarity: float) -> str:
    return f"jaro_winkler_similarity({left}, {right}) >= {similarity}"


def _like(column: str, similarity: float) -> str:
    return _alike(f"{column}_l", f"{column}_r", similarity)


def _within(column: str, days: int) -> str:
    return f"abs(date_diff('day', cast({column}_l as DATE), cast({column}_r as DATE))) <= {days}"


def _same(column: str) -> str:
    return f"{column}_l = {column}_r"


COMPARISONS: dict[str, tuple[str, tuple[Level, ...]]] = {
    "name": (
        "name_key_l is null or name_key_r is null",
        (
            ("same full name", "full_key_l = full_key_r", "full_key"),
            ("given and family name exchanged", "given_key_l = family_key_r and family_key_l = given_key_r", None),
            (
                "one name equal, the other alike",
                f"(given_key_l = given_key_r and {_like('family_key', 0.85)}) or "
                f"(family_key_l = family_key_r and {_like('given_key', 0.85)})",
                None,
            ),
            (
                "the only name equals one of two",
                "(family_key_l is null or family_key_r is null) and (given_key_l = given_key_r "
                "or given_key_l = family_key_r or family_key_l = given_key_r)",
                "given_key",
            ),
            (
                "both names alike",
                f"({_like('given_key', 0.85)} and {_like('family_key', 0.85)}) or {_like('name_key', 0.92)} or "
                f"({_alike('given_key_l', 'family_key_r', 0.85)} and {_alike('family_key_l', 'given_key_r', 0.85)})",
                None,
            ),
            (
                "the only name is like one of two",
                f"(family_key_l is null or family_key_r is null) and ({_like('given_key', 0.85)} or "
                f"{_alike('given_key_l', 'family_key_r', 0.85)} or {_alike('family_key_l', 'given_key_r', 0.85)})",
                None,
            ),
            ("same given name", _same("given_key"), "given_key"),
            ("same family name", _same("family_key"), "family_key"),
            ("one name alike", f"{_like('given_key', 0.85)} or {_like('family_key', 0.85)}", None),
        ),
    ),
    "birth_date": (
        "birth_date_l is null or birth_date_r is null",
        (
            ("same date", _same("birth_date"), None),
            (
                "one slip, or day and month exchanged",
                f"{_near('birth_date', 1)} or (birth_date_l[1:4] = birth_date_r[1:4] "
                "and birth_date_l[6:7] = birth_date_r[9:10] and birth_date_l[9:10] = birth_date_r[6:7])",
                None,
            ),
            ("within a month", _within("birth_date", 31), None),
            ("within a year", _within("birth_date", 366), None),
            ("two slips", _near("birth_date", 2), None),
            ("within ten years", _within("birth_date", 3653), None),
        ),
    ),
    "document": (
        "document_l is null or document_r is null",
        (
            ("same document", _same("document"), None),
            ("one digit off", _near("document", 1), None),
            ("two digits off", _near("document", 2), None),
        ),
    ),
    "email": (
        "email_l is null or email_r is null",
        (
            ("same e-mail", _same("email"), None),
            ("same name before the at", _same("email_user"), None),
            ("e-mail alike", f"{_near('email', 2)} or {_like('email', 0.92)}", None),
        ),
    ),
    "phone": (
        "phone_l is null or phone_r is null",
        (
            ("same telephone", _same("phone"), None),
            ("same last eight digits", _same("phone_end"), None),
            ("one digit off", _near("phone_end", 1), None),
        ),
    ),
    "address": (
        "coalesce(street_l = street_r, postal_code_l = postal_code_r, city_l = city_r) is null",
        (
            (
                "whole address",
                f"street_number_l = street_number_r and postal_code_l = postal_code_r and {_like('street', 0.9)} "
                f"and {_like('city', 0.88)}",
                None,
            ),
            (
                "same door",
                f"street_number_l = street_number_r and (postal_code_l = postal_code_r or {_like('street', 0.9)})",
                None,
            ),
            (
                "same street, and postal code or city",
                f"{_like('street', 0.9)} and (postal_code_l = postal_code_r or {_like('city', 0.88)})",
                None,
            ),
            ("same street", _like("street", 0.92), None),
            (
                "same postal code and city",
                f"postal_code_l = postal_code_r and {_like('city', 0.88)}",
                "postal_code",
            ),
            ("same postal code", _same("postal_code"), "postal_code"),
            ("same city", _same("city"), "city"),
            ("city alike", _like("city", 0.88), None),
        ),
    ),
}
"""Per comparison: when it says nothing, and its levels from the strongest on; what reaches none is the last level."""
READS = {
    "name": "name_key", "birth_date": "birth_date", "document": "document", "email": "email", "phone": "phone",
    "address": "coalesce(street, postal_code, city)",
}  # fmt: skip
"""SQL for the value that must be there for a comparison to say anything."""


def settings(names: Collection[str]) -> dict[str, Any]:
    """Return Splink's settings with the comparisons named, untrained."""
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "profile",
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
        "blocking_rules_to_generate_predictions": ["l.profile = r.profile"],
        "comparisons": [_comparison(name) for name in COMPARISONS if name in names],
    }


def _comparison(name: str) -> dict[str, Any]:
    empty, levels = COMPARISONS[name]
    described: list[dict[str, Any]] = [
        {"sql_condition": empty, "label_for_charts": "not comparable", "is_null_level": True}
    ]
    for label, condition, frequency in levels:
        level: dict[str, Any] = {"sql_condition": condition, "label_for_charts": label}
        if frequency:
            level |= {"tf_adjustment_column": frequency, "disable_tf_exact_match_detection": True}
        described.append(level)
    described.append({"sql_condition": "ELSE", "label_for_charts": "different"})
    return {"output_column_name": name, "comparison_levels": described}
