"""Normalise country codes, by which documents, telephones and postal codes are read."""

from __future__ import annotations

from identity.normalising.stages import Normaliser

COUNTRIES = Normaliser(
    inputs=("value", "fallback"),
    stages=(
        {"text": "upper(strip_accents(trim({value})))"},
        {
            "country": "case when {text} is null then {fallback} "
            "when {text} in ('BR', 'BRA', 'BRASIL', 'BRAZIL') then 'BR' "
            "when {text} in ('PT', 'PRT', 'PORTUGAL') then 'PT' "
            "when {text} in ('ES', 'ESP', 'ESPANA', 'SPAIN') then 'ES' "
            "when regexp_full_match({text}, '[A-Z]{2}') then {text} else {fallback} end",
        },
    ),
    outputs=("country",),
)
"""ISO 3166-1 alpha-2 code; names and three-letter codes of Brazil, Portugal and Spain are understood."""
