"""Normalise the identifiers that systems give out: cards, accounts, devices."""

from __future__ import annotations

from identity.normalising.stages import Normaliser

IDENTIFIERS = Normaliser(
    inputs=("value",),
    stages=(
        {"text": r"regexp_replace(upper({value}), '[\s.-]+', '', 'g')"},
        {"key": "nullif(ltrim({text}, '0'), '')"},
    ),
    outputs=("key",),
)
"""Key of a card, account or device: upper case, without spaces, dots, dashes and leading zeros."""
