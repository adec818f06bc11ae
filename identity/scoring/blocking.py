"""List the pairs worth scoring: profiles that agree on something that few are expected to share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MAX_EXPECTED = 60
"""Profiles that a block may hold by the frequencies the epoch pins. The count at hand would be a fact about all
profiles: a block that grew past a limit would take away pairs whose ends did not change."""
BLOCKS: tuple[tuple[str, ...], ...] = (
    ("document",),
    ("email",),
    ("phone_end",),
    ("names",),
    ("email_user",),
    ("birth_date",),
    ("given_key",),
    ("family_key",),
    ("birth_date", "given_key"),
    ("birth_date", "family_key"),
    ("birth_date", "postal_code"),
    ("birth_date", "city"),
    ("given_key", "postal_code"),
    ("family_key", "postal_code"),
    ("given_key", "city"),
    ("family_key", "city"),
    ("postal_code", "street_number"),
    ("street", "street_number"),
    ("given_start", "family_start"),
    ("birth_month", "given_start"),
    ("birth_month", "family_start"),
    ("birth_year", "given_start"),
    ("birth_year", "family_start"),
    ("birth_year", "city"),
)
FREQUENT = (
    "given_key", "family_key", "full_key", "birth_date", "email_user", "postal_code", "street_number", "street", "city",
    "given_start", "family_start", "birth_year", "birth_month",
)  # fmt: skip
"""Columns whose values people share by chance, so that the epoch pins how often. Identifiers have guards instead."""
_SHARED_BY = {"email_user": 5}


def create_term_frequencies(con: DuckDBPyConnection) -> None:
    """Fill `term_frequencies` (column_name, value, frequency) from `scorable`.

    Values of a single profile are left out: they count as seen once, as values never seen do.
    """
    for column in FREQUENT:
        con.execute(
            f"""
            insert into term_frequencies
            select '{column}', {column}, round(count(*) / (select count({column}) from scorable), 12)
            from scorable where {column} is not null
            group by {column} having count(*) >= {_SHARED_BY.get(column, 2)}
            """
        )


def create_candidates(con: DuckDBPyConnection, profile_count: int, *, touched: bool = False) -> None:
    """Create `candidates` (left_profile < right_profile): every pair that agrees on all columns of a block.

    `profile_count` is the number of participants that the frequencies were counted from. With `touched` only pairs
    with an end in `scorable_touched` are listed; they are the same pairs as without.
    """
    if touched:
        _create_block_keys(con, "touched_keys", "scorable_touched", profile_count)
    _create_block_keys(con, "block_keys", "scorable", profile_count, only="touched_keys" if touched else None)
    con.execute(
        f"""
        create or replace temp table candidates as
        select distinct least(a.profile, b.profile) as left_profile, greatest(a.profile, b.profile) as right_profile
        from {"touched_keys" if touched else "block_keys"} a
        join block_keys b on a.block = b.block and a.key = b.key
        where {"a.profile <> b.profile" if touched else "a.profile < b.profile"}
        """
    )
    con.execute("drop table block_keys")
    con.execute("drop table if exists touched_keys")


def _create_block_keys(
    con: DuckDBPyConnection, table: str, source: str, profile_count: int, *, only: str | None = None
) -> None:
    """Create a table (block, key, profile) of the keys that few profiles are expected to share, all of them or those
    in the table `only`."""
    con.execute(f"create or replace temp table {table} (block UTINYINT, key UBIGINT, profile BIGINT)")
    for number, columns in enumerate(BLOCKS):
        listed = [column for column in columns if column in FREQUENT]
        joins = "".join(
            f" left join term_frequencies f{place} on f{place}.column_name = '{column}' and f{place}.value = s.{column}"
            for place, column in enumerate(listed)
        )
        expected = " * ".join(
            [
                str(profile_count),
                *(f"coalesce(f{place}.frequency, {1 / profile_count!r})" for place in range(len(listed))),
            ]
        )
        condition = f" and {expected} <= {MAX_EXPECTED}" if listed else ""
        keys = [_expression(column) for column in columns]
        present = " and ".join(f"{key} is not null" for key in keys)
        key = f"hash({', '.join(keys)})"
        if only:
            condition += f" and {key} in (select key from {only} where block = {number})"
        con.execute(
            f"insert into {table} select {number}, {key}, s.profile from {source} s{joins} where {present}{condition}"
        )


def _expression(column: str) -> str:
    if column == "names":
        # exchanged names meet as well
        return (
            "case when s.family_key is not null then "
            "least(s.given_key, s.family_key) || ' ' || greatest(s.given_key, s.family_key) end"
        )
    return f"s.{column}"
