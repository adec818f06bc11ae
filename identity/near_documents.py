"""Find the valid documents that a mistyped one may have meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from identity.normalising.documents import DOCUMENTS
from identity.normalising.stages import staged_select
from workspace.sql import quote_literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_PLACES = "generate_series(1, length(number))"
_DIGITS = "generate_series(0, 9)"


def create_corrections(con: DuckDBPyConnection, *, country: str) -> None:
    """Create `corrections` (profile, value): for each document that fails its check digits, the valid ones one slip away.

    A slip is one digit changed, two neighbours swapped, one digit lost, or one typed twice. The mistyped documents are
    few and each has about a hundred candidates, of which the check digits leave one or two; these meet the true ones by
    equality, so the cost follows the number of mistakes and never becomes a comparison of all with all.
    """
    con.execute(
        "create or replace temp table mistyped as select profile, document_number as number from profiles "
        "where document_number is not null and not document_is_valid and given_key is not null "
        "and length(document_number) between 8 and 15 and regexp_matches(document_number, '[0-9]{4}')"
    )
    place = f"(select *, unnest({_PLACES}) as place from mistyped)"
    both = f"(select *, unnest({_DIGITS}) as digit from {place})"
    con.execute(
        "create or replace temp table candidates as "
        f"select profile, number[:place - 1] || digit || number[place + 1:] as number from {both} "
        "where number[place] between '0' and '9' and number[place] <> cast(digit as VARCHAR) union "
        f"select profile, number[:place - 1] || number[place + 1] || number[place] || number[place + 2:] from {place} "
        "where place < length(number) and number[place] <> number[place + 1] union "
        f"select profile, number[:place - 1] || digit || number[place:] from {both} union "
        f"select profile, number || digit from {both} where place = 1 union "
        f"select profile, number[:place - 1] || number[place + 1:] from {place}"
    )
    bound = DOCUMENTS.bind("near", value="number", country=quote_literal(country))
    checked = staged_select(
        "candidates", [bound],
        {"profile": "profile", "value": bound["document"], "is_valid": bound["is_valid_document"], "number": "number"},
    )  # fmt: skip
    con.execute(
        # only candidates that are whole as they stand: padding them would be a second slip
        f"create or replace temp table corrections as select distinct profile, value from ({checked}) "
        "where is_valid and value = number"
    )
    con.execute("drop table candidates")
    con.execute("drop table mistyped")
