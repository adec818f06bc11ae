"""Say what an edge rests on: an identifier both profiles carry, or the document that one of them mistyped.

Edges name only the block they were compared in. There are millions, and nobody asks for the texts of most: a text is
looked up, and hashed, once for each value instead of once for each pair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from identity.block_rules import is_on_invalid_document
from identity.hashing import hash_sql

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from identity.configuration import IdentityConfig


def create_edge_values(con: DuckDBPyConnection, salt: str) -> None:
    """Create `edge_values` (block, kind, value, value_hash): the identifiers that several profiles hold and that may
    join them, devices among them.

    A value is read from the row of its first holder: groups of texts could not leave the memory.
    """
    con.execute(
        f"""
        create or replace temp table edge_values as
        with firsts as (
            select block, min(profile) as profile from holdings semi join shared_values using (block) group by block
        )
        select h.block, h.kind, h.value, {hash_sql("h.value", salt)} as value_hash
        from holdings h
        join firsts f on f.block = h.block and f.profile = h.profile
        """
    )


def valued_edges(config: IdentityConfig, source: str) -> str:
    """Return SQL for the rows of `source` (left_profile, right_profile, rule, block, ...) with `kind` and `value`, null
    where names, places or people join, and `value_hash`, null for documents as well that are not valid or corrected.

    Reads `edge_values` and `comparable`. A document that is not valid is that of both profiles; one that was corrected
    is the valid one of the two.
    """
    values = f"select e.*, v.kind, v.value, v.value_hash from {source} e left join edge_values v on v.block = e.block"
    places = [str(place) for place, rule in enumerate(config.active_rules) if is_on_invalid_document(rule)]
    if not places:
        return values
    listed = ", ".join(places)
    return f"""
        {values} where e.rule not in ({listed})
        union all
        select e.*, 'document', coalesce(l.document, r.document, l.unverified_document), cast(null as VARCHAR)
        from {source} e
        join comparable l on l.profile = e.left_profile
        join comparable r on r.profile = e.right_profile
        where e.rule in ({listed})
        """
