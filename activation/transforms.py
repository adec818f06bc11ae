"""Normalise and hash what a destination matches people by, as SQL expressions that DuckDB runs over whole columns.

A hash that differs from the destination's own by one space matches nobody, and nothing says so. Every recipe therefore
has a name, a version and published vectors in the tests, and refuses (as null) input that is already a SHA-256 text:
a double hash is a silent zero per cent match.
"""

from __future__ import annotations

from dataclasses import dataclass

_HASH_PATTERN = "^[0-9a-fA-F]{64}$"
_EMAIL_PATTERN = "^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$"
_E164_PATTERN = "^\\+[1-9][0-9]{6,14}$"


@dataclass(frozen=True)
class Transform:
    """One recipe: SQL with `{x}` for the input, whether its output is a hash, and the version of the recipe."""

    name: str
    sql: str
    is_hash: bool
    version: int
    description: str

    def apply(self, expression: str) -> str:
        """Return the SQL that computes this transform of `expression` (a VARCHAR)."""
        return self.sql.replace("{x}", f"cast({expression} as varchar)")


def _hashed(normalised: str, accepted: str) -> str:
    """Return SQL for the hash of a normalised text, null where it does not match `accepted` or is a hash already."""
    return (
        f"case when regexp_matches({normalised}, '{accepted}') and not regexp_matches({normalised}, '{_HASH_PATTERN}') "
        f"then sha256({normalised}) end"
    )


_TEXT = "nfc_normalize(lower(trim({x})))"
_GMAIL = (
    f"case when regexp_matches({_TEXT}, '@(gmail|googlemail)\\.com$') "
    f"then replace(split_part({_TEXT}, '@', 1), '.', '') || '@' || split_part({_TEXT}, '@', 2) else {_TEXT} end"
)
_PHONE = "trim({x})"

_ALL = (
    Transform("lower", "lower(trim({x}))", False, 1, "Lower case, outer spaces removed."),
    Transform("upper", "upper(trim({x}))", False, 1, "Upper case, outer spaces removed."),
    Transform("digits", "nullif(regexp_replace({x}, '[^0-9]', '', 'g'), '')", False, 1, "Digits only."),
    Transform("year", "nullif(left({x}, 4), '')", False, 1, "Year of a date."),
    Transform(
        "sha256_text",
        _hashed("trim({x})", "\\S"),
        True,
        1,
        "SHA-256 of the trimmed text, case kept (TikTok's MAID rule).",
    ),
    Transform(
        "sha256_email",
        _hashed(_TEXT, _EMAIL_PATTERN),
        True,
        1,
        "SHA-256 of the trimmed, lower-case e-mail (TikTok and Meta; dots and +tags kept).",
    ),
    Transform(
        "sha256_email_google",
        _hashed(f"({_GMAIL})", _EMAIL_PATTERN),
        True,
        1,
        "As sha256_email, with the dots of gmail.com and googlemail.com local parts removed (Google Customer Match).",
    ),
    Transform(
        "sha256_phone",
        _hashed(_PHONE, _E164_PATTERN),
        True,
        1,
        "SHA-256 of the E.164 number with its + (Google and TikTok).",
    ),
    Transform(
        "sha256_phone_digits",
        f"case when regexp_matches({_PHONE}, '{_E164_PATTERN}') then sha256(substr({_PHONE}, 2)) end",
        True,
        1,
        "SHA-256 of the E.164 digits without + (Meta).",
    ),
    Transform(
        "sha256_name",
        _hashed(_TEXT, "\\S"),
        True,
        1,
        "SHA-256 of the trimmed, lower-case name in NFC (Google).",
    ),
    Transform(
        "sha256_name_meta",
        _hashed(f"regexp_replace({_TEXT}, '[\\p{{P}}]', '', 'g')", "\\S"),
        True,
        1,
        "SHA-256 of the lower-case name without punctuation, accents kept, in NFC (Meta FN and LN).",
    ),
)
TRANSFORMS = {transform.name: transform for transform in _ALL}
