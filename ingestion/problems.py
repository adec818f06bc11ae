"""What can be wrong with a delivered file or row, in words for people and codes for queries."""

from __future__ import annotations

from workspace.errors import UnavistaError

REASONS = {
    "malformed_row": "the line does not split into the columns of the header",
    "line_too_long": "the line is longer than the workspace allows",
    "encoding_error": "the line holds bytes that are not text in the feed's encoding",
    "type_mismatch": "the value is not of the column's type",
    "required_missing": "a required value is empty",
    "currency_missing": "an amount has no currency",
    "not_in_vocabulary": "the value is not one of the allowed words",
    "out_of_range": "the number is outside the allowed range",
    "pattern_mismatch": "the value does not have the required form",
    "expression_failed": "the mapping's expression cannot be worked out for this row",
    "filter_failed": "the feed's `where` cannot be worked out for this row",
    "mixed_values": "the rows of one group disagree on the value",
    "split_group": "other rows of this group are in the lake already",
    "feed_removed": "the feed that delivered the row is not configured any more",
    "absurd_date": "the date cannot be true",
}
"""Reason codes of quarantined rows."""


class FileProblem(UnavistaError):
    """A delivered file that cannot be read as a whole; it stays where it is and the run goes on.

    Args:
        code: Short machine word, such as `missing_column` or `truncated_file`.
        message: What is wrong and what to do, without data of the file.
    """

    def __init__(self, code: str, message: str) -> None:
        self.code, self.message = code, message
        super().__init__(message)
