"""Rules on columns of the profile: names, dates and places together, or a document that is not valid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from identity.rule_conditions import BLOCK_CONDITIONS, CONDITIONS
from workspace.sql import quote_literal

if TYPE_CHECKING:
    from identity.configuration import Rule

MAX_BLOCK_PROFILES = 60
"""Profiles that may share a name and a place or date before the coincidence says nothing."""
_KEY_COLUMNS = {"given_name": "given_key", "family_name": "family_key", "full_name": "name_key"}


def key_columns(rule: Rule) -> list[str]:
    """Return the columns of `comparable` that the keys of a rule stand for."""
    return [_KEY_COLUMNS.get(key, key) for key in rule.on]


def is_corrected(rule: Rule) -> bool:
    """Tell whether a rule joins a mistyped document with the one it may have meant."""
    return "corrected_document" in rule.on


def is_on_invalid_document(rule: Rule) -> bool:
    """Tell whether a rule joins on a document that fails its check digits: its blocks are not those of values."""
    return bool({"unverified_document", "corrected_document"} & set(rule.on))


def block_columns(rule: Rule) -> list[str]:
    """Return the columns of `comparable` that `block_number` reads."""
    return [*key_columns(rule), *_flags(rule)]


def _flags(rule: Rule) -> list[str]:
    return [f"is_{name}" for name in ("rare_name", "rarer_name") if name in rule.when]


def block_number(rule: Rule, alias: str = "") -> tuple[str, str]:
    """Return SQL for the number of a profile's block under a rule, and for whether it has one.

    The rule is part of the number: rules with the same keys have blocks of their own.
    """
    keys = [f"{alias}{key}" for key in key_columns(rule)]
    present = " and ".join([*(f"{key} is not null" for key in keys), *(f"{alias}{flag}" for flag in _flags(rule))])
    return f"hash({quote_literal('block ' + rule.name)}, {', '.join(keys)})", present


def corrected_block(value: str) -> str:
    """Return SQL for the number of the block around a valid document."""
    return f"hash('corrected', {value})"


def block_edges(rule: Rule, position: int, only: str | None = None) -> str:
    """Return SQL for the edges of a rule on columns of the profile, in all blocks or in those of the table `only`."""
    conditions = "".join(f" and {CONDITIONS[name]}" for name in rule.when if name in CONDITIONS)
    of_block = "".join(f" and {BLOCK_CONDITIONS[name]}" for name in rule.when if name in BLOCK_CONDITIONS)
    if is_corrected(rule):
        return _corrected_edges(rule, position, conditions, only)
    number, present = block_number(rule)
    touched = f" and {number} in (select block from {only})" if only else ""
    equal = " and ".join(f"a.{key} = b.{key}" for key in key_columns(rule))
    return f"""
        with blocks as (
            select {number} as block from comparable where {present}{touched}
            group by block having count(*) between 2 and {MAX_BLOCK_PROFILES}{of_block}
        ),
        candidates as (
            select * from (select {number} as block, * from comparable where {present})
            where block in (select block from blocks)
        )
        select a.profile, b.profile, {position}, a.block
        from candidates a
        join candidates b on a.block = b.block
        where a.profile < b.profile and {equal}{conditions}
        """


def _corrected_edges(rule: Rule, position: int, conditions: str, only: str | None) -> str:
    others = "".join(f" and a.{key} = b.{key}" for key in key_columns(rule) if key != "corrected_document")
    touched = f" and {corrected_block('n.value')} in (select block from {only})" if only else ""
    return f"""
        select distinct
            least(a.profile, b.profile), greatest(a.profile, b.profile), {position}, {corrected_block("n.value")}
        from corrections n
        join comparable b on b.document = n.value
        join comparable a on a.profile = n.profile
        where a.profile <> b.profile{touched}{others}{conditions}
        """
