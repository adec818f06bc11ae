"""Build what would be sent for each selected person, and hold every row to its contract before it can be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from activation.configuration import FieldMapping
from activation.export_contracts import leak_sql, violation_sql
from activation.transforms import TRANSFORMS
from identity.hashing import hash_sql
from workspace.errors import UnavistaError
from workspace.sql import quote_identifier, quote_literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from activation.loading import SyncDefinition
    from activation.sources import Sources


class PersonalDataLeak(UnavistaError):
    """A column that must hold no personal data holds an e-mail address: nothing of the sync is sent."""


def build_payloads(con: DuckDBPyConnection, definition: SyncDefinition, sources: Sources, salt: str) -> None:
    """Fill the temp table `payloads` and give the rows of `selection` that break the contract their reason.

    `payloads` has customer_id as `_customer_id`, the exported columns typed as in the contract, `_payload` and `_key`
    (JSON of all columns and of the key columns) and `_payload_hash`.

    Raises:
        PersonalDataLeak: a column without personal data holds an e-mail address.
    """
    names = definition.columns
    typed = ",\n".join(f"{_typed(definition, sources, name)} as {quote_identifier(name)}" for name in names)
    con.execute(
        f"""
        create or replace temp table payloads as
        with typed as (
            select selection.customer_id as _customer_id, {typed}
            from selection
            join published.marts.customer_360 as summary on summary.customer_id = selection.customer_id
            left join published.restricted.customer_contacts as contacts
                on contacts.customer_id = selection.customer_id
            where selection.reason is null
        )
        select *, {_json(names)} as _payload, {_json(tuple(definition.sync.key))} as _key,
            {hash_sql(_json(names), salt)} as _payload_hash,
            {violation_sql(definition.export, names)} as _violation,
            {leak_sql(definition.export, names)} as _leak
        from typed
        """
    )
    leaks = con.execute("select _leak, count(*) from payloads where _leak is not null group by 1 order by 1").fetchall()
    if leaks:
        column, rows = leaks[0]
        raise PersonalDataLeak(
            f"sync {definition.name!r}: column {column!r} must hold no personal data, "
            f"but {rows} rows hold an e-mail address there; nothing was sent"
        )
    _withhold(con, definition)


def _withhold(con: DuckDBPyConnection, definition: SyncDefinition) -> None:
    """Move rows that break the contract, lack a key or share one out of `payloads`, each with its reason."""
    missing = " or ".join(f"{quote_identifier(name)} is null" for name in definition.sync.key)
    con.execute(
        f"""
        create or replace temp table withheld as
        select _customer_id, coalesce(
            'invalid_' || _violation,
            case when {missing} then 'invalid_missing_key' end,
            case when row_number() over (partition by _key order by _customer_id) > 1 then 'duplicate_contact' end
        ) as reason
        from payloads
        """
    )
    con.execute(
        "update selection set reason = withheld.reason from withheld "
        "where withheld._customer_id = selection.customer_id and withheld.reason is not null"
    )
    con.execute(
        "delete from payloads where _customer_id in (select _customer_id from withheld where reason is not null)"
    )


def _typed(definition: SyncDefinition, sources: Sources, name: str) -> str:
    kind = definition.export.contract.column(name).physical_type
    return f"try_cast({_value(definition.sync.fields[name], sources)} as {kind})"


def _value(mapping: FieldMapping, sources: Sources) -> str:
    value = quote_literal(str(mapping.value)) if mapping.column is None else sources.reference(mapping.column)
    return TRANSFORMS[mapping.transform].apply(value) if mapping.transform else value


def _json(names: tuple[str, ...]) -> str:
    """Return SQL for the JSON object of columns: names and escaping keep ('ab', 'c') apart from ('a', 'bc')."""
    fields = ", ".join(f"{quote_literal(name)}: {quote_identifier(name)}" for name in names)
    return f"cast(to_json({{{fields}}}) as varchar)"
