"""Fold records with the same evidence into profiles, and list who holds which identifier."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from identity.hashing import value_number
from workspace.sql import quote_literal, shifted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from identity.configuration import IdentityConfig

NICKNAMES_FILE = Path(__file__).parent / "normalising" / "nicknames.csv"
HOLDINGS = {
    "document": ("document_number",),
    "email": ("email_key", "email_secondary_key"),
    "phone": ("phone_key", "phone_secondary_key"),
    "local_number": ("local_key",),
    "loyalty_card": ("loyalty_card_key",),
    "account": ("account_key",),
    "customer_reference": ("reference_record_id",),
}
"""Identifier kinds that make up a profile, and the columns that hold their values. Devices stand apart: they change too
often, so they are listed for the profile instead of telling profiles apart."""
EVIDENCE = (
    "name_key", "given_key", "family_key", "middle_key", "suffix_key", "is_company_name", "birth_date",
    "document_number", "document_kind", "document_is_valid", "document_is_company", "email_key",
    "email_secondary_key", "phone_key", "phone_secondary_key", "local_key", "postal_code", "street_number",
    "loyalty_card_key", "account_key", "reference_record_id",
)  # fmt: skip
_TEXTS = sorted(set(EVIDENCE) - {"is_company_name", "birth_date", "document_is_valid", "document_is_company"})
IS_BARE = """(coalesce(
    name_key, document_number, email_key, email_secondary_key, phone_key, phone_secondary_key, local_key,
    loyalty_card_key, account_key, reference_record_id
) is null)"""
"""SQL that tells whether a record shows nothing to compare; a device alone is nothing, and such records stay apart."""


def load_nicknames(con: DuckDBPyConnection) -> None:
    """Create the table `nicknames` (given_key, nicknames): the names that a given name may stand for, or be called
    by."""
    con.execute(
        f"""
        create or replace temp table nicknames as
        with pairs as (
            select nickname, given_name from read_csv({quote_literal(NICKNAMES_FILE)}, header = true, delim = ',',
                columns = {{'nickname': 'VARCHAR', 'given_name': 'VARCHAR'}})
        ),
        both_ways as (
            select nickname as given_key, given_name as other from pairs
            union
            select given_name, nickname from pairs
        )
        select given_key, ' ' || string_agg(other, ' ' order by other) || ' ' as nicknames
        from both_ways
        group by given_key
        """
    )


def create_record_evidence(con: DuckDBPyConnection, records: str = "records") -> None:
    """Create `record_evidence` (rid, first_hash, second_hash, device_key): what a record shows, as two hashes.

    Two hashes make 128 bits: equal evidence is told by them, the second of every text shifted. A record that shows
    nothing to compare has hashes of its own, as has one that people told apart from another: it must be separable even
    with equal evidence.
    """
    listed = ", ".join(EVIDENCE)
    con.execute(
        f"""
        create or replace temp table record_evidence as
        select
            rid,
            hash(case when alone then rid end, {listed}) as first_hash,
            hash(case when alone then rid end, {", ".join(shifted(name) for name in _TEXTS)}) as second_hash,
            device_key
        from (
            select *, {IS_BARE} or record_id in (
                select unnest([record_id_left, record_id_right]) from decided_pairs where decision = 'different'
            ) as alone
            from {records}
            where not is_deleted
        )
        """
    )


def create_profiles(con: DuckDBPyConnection) -> None:
    """Create `profiles` (one row per distinct bundle of comparable evidence) and `record_profiles` (rid, hashes,
    profile).

    A profile is numbered by its smallest rid. Deleted registrations belong to none. Rules compare profiles, not
    records: a customer with a hundred orders under one registration is one node, not five thousand pairs.
    """
    con.execute(
        """
        create or replace temp table folded as
        select first_hash, second_hash, min(rid) as profile, count(*) as record_count
        from record_evidence group by first_hash, second_hash
        """
    )
    con.execute(
        """
        create or replace temp table record_profiles as
        select r.*, f.profile
        from record_evidence r
        join folded f on f.first_hash = r.first_hash and f.second_hash = r.second_hash
        """
    )
    con.execute(
        f"""
        create or replace temp table profiles as
        select p.profile, p.record_count, {", ".join(f"r.{name}" for name in EVIDENCE)}, n.nicknames
        from folded p
        join records r on r.rid = p.profile
        left join nicknames n on n.given_key = r.given_key
        """
    )
    con.execute("drop table folded")


def create_holdings(con: DuckDBPyConnection, config: IdentityConfig) -> None:
    """Create `holdings` (kind, value, block, profile, record_count, is_placeholder): which profile carries which
    identifier.

    `block` numbers the value: all that is decided about a value is decided by the rows of one block. `is_placeholder`
    marks values that the static blocklist names.
    """
    con.execute(
        """
        create or replace temp table holdings (
            kind VARCHAR, value VARCHAR, block UBIGINT, profile BIGINT, record_count BIGINT, is_placeholder BOOLEAN
        )
        """
    )
    for kind, columns in HOLDINGS.items():
        for column in columns:
            _add_holdings(con, config, kind, f"select {column} as value, profile, record_count from profiles")
    _add_holdings(
        con,
        config,
        "device",
        """
        select device_key as value, profile, cast(count(*) as BIGINT) as record_count
        from record_profiles where device_key is not null group by device_key, profile
        """,
    )


def _add_holdings(con: DuckDBPyConnection, config: IdentityConfig, kind: str, source: str) -> None:
    patterns = config.blocklist.get(kind, ())  # type: ignore[call-overload]
    blocked = "false"
    if patterns:
        pattern = "|".join(f"({one})" for one in patterns)
        blocked = f"regexp_full_match(value, {quote_literal(pattern)}, 'i')"
    name = quote_literal(kind)
    con.execute(
        f"""
        insert into holdings
        select {name}, value, {value_number(name, "value")}, profile, record_count, {blocked}
        from ({source}) where value is not null
        """
    )
