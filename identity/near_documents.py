"""Find the valid documents that a mistyped one may have meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from identity.normalising.documents import DOCUMENTS
from identity.normalising.stages import staged_select
from workspace.sql import quote_literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_LENGTHS = {"BR": (11, 14), "PT": (9,), "ES": (9,)}


def create_corrections(con: DuckDBPyConnection, *, country: str) -> None:
    """Create `corrections` (profile, value): for each document that fails its check digits, the valid ones one slip
    away.

    A slip is one digit changed, two neighbours swapped, one digit lost, or one typed twice. The mistyped documents are
    few and each has about a hundred candidates, of which the check digits leave one or two; these meet the true ones by
    equality, so the cost follows the number of mistakes and never becomes a comparison of all with all.
    """
    lengths = ", ".join(str(length) for length in _LENGTHS.get(country, (8, 9, 10, 11)))
    con.execute(
        """
        create or replace temp table mistyped as
        select distinct document_number as number, ltrim(document_number, '0') as bare
        from profiles
        where document_number is not null and not document_is_valid and given_key is not null
            and length(document_number) between 8 and 15 and regexp_matches(document_number, '[0-9]{4}')
            and document_number not in (select value from guards where kind = 'document' and decision = 'blocked')
        """
    )
    con.execute(
        f"""
        create or replace temp table candidates as
        with places as (select *, unnest(generate_series(1, length(number))) as place from mistyped),
        bare_places as (select *, unnest(generate_series(1, length(bare) + 1)) as place from mistyped),
        digits as (select unnest(generate_series(0, 9))::VARCHAR as digit)
        select number, number[:place - 1] || digit || number[place + 1:] as candidate from places, digits
        where number[place] between '0' and '9' and number[place] <> digit
        union
        select number, number[:place - 1] || number[place + 1] || number[place] || number[place + 2:] from places
        where place < length(number) and number[place] <> number[place + 1]
        union
        select number, bare[:place - 1] || digit || bare[place:] from bare_places, digits
        where length(bare) + 1 in ({lengths})
        union
        select number, bare[:place - 1] || bare[place + 1:] from bare_places
        where length(bare) - 1 in ({lengths}) and place <= length(bare)
        """
    )
    bound = DOCUMENTS.bind("near", value="candidate", country=quote_literal(country))
    checked = staged_select(
        "candidates",
        [bound],
        {name: name for name in ("number", "candidate")}
        | {"value": bound["document"], "is_valid": bound["is_valid_document"]},
    )
    con.execute(
        # only candidates that are whole as they stand: padding them would be a second slip
        f"""
        create or replace temp table corrections as
        select distinct p.profile, c.value from ({checked}) c join profiles p on p.document_number = c.number
        where c.is_valid and c.value = c.candidate and p.given_key is not null
        """
    )
    con.execute("drop table candidates")
    con.execute("drop table mistyped")
