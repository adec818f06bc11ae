"""Say why two records are one customer, or why they are not: one answer, whichever way the question is put."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from identity.explaining_together import Step, path_between
from identity.lookup import WHOLE, Match, members_of, possible_values, search_records
from identity.published import IdentityTables
from identity.review.decisions import in_force, read_decisions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from identity.explaining_scores import Weighed
    from workspace.workspace import Workspace

_NTH = ("first", "second")


@dataclass(frozen=True)
class Explanation:
    """Why two things are one customer or not.

    Args:
        left: Customer ids that the first argument names.
        right: Customer ids that the second argument names.
        is_same_customer: Whether one customer is named by both.
        steps: The shortest path of evidence between them; empty when they meet in one record, or never.
        reasons: Sentences for a person: what joins them, or everything that keeps them apart.
        weighed: Pairs that the model weighed, bit by bit.
    """

    left: tuple[str, ...]
    right: tuple[str, ...]
    is_same_customer: bool
    steps: tuple[Step, ...]
    reasons: tuple[str, ...]
    weighed: tuple[Weighed, ...] = ()


def explain(ws: Workspace, left: str, right: str, *, show_values: bool = False) -> Explanation:
    """Explain why `left` and `right` are one customer, or what keeps them apart, on the published view.

    Each may be a customer id, a record id or any identifier that `identity.lookup.find_customers` knows. Values are
    masked unless `show_values`.

    Raises:
        ConfigError: identities have never been resolved in this workspace.
    """
    tables = IdentityTables.of(ws)
    found = tuple(search_records(tables, text) for text in (left, right))
    first, second = (tuple(sorted({one.customer_id for one in side if one.customer_id})) for side in found)
    asked = zip((left, right), _NTH, found, strict=True)
    unknown = [_unknown(tables, text, nth) for text, nth, side in asked if not side]
    if unknown:
        return Explanation(first, second, False, (), tuple(unknown))
    shared = sorted({*first} & {*second})
    if shared:
        steps, reasons, weighed = _together(tables, found, shared[0], show_values)
        return Explanation(first, second, True, steps, reasons, weighed)
    # rules and models take long to import, and most answers need neither
    from identity.explaining_apart import apart_reasons

    reasons, weighed = apart_reasons(tables, found, show_values=show_values)
    return Explanation(first, second, False, (), reasons, weighed)


def _together(
    tables: IdentityTables,
    found: tuple[list[Match], ...],
    customer_id: str,
    show_values: bool,
) -> tuple[tuple[Step, ...], tuple[str, ...], tuple[Weighed, ...]]:
    """Return the path between two sides of one customer, the same in words, and the pairs that the model weighed."""
    first, second = ({one.record_id for one in side if one.customer_id == customer_id} for side in found)
    if first & second:
        is_whole = any(one.found_by in WHOLE for side in found for one in side)
        return (), ("both name this customer" if is_whole else "one record carries both",), ()
    members = members_of(tables, [customer_id])
    steps = path_between(tables, first, second, members, show_values=show_values)
    reasons = [step.sentence for step in steps] + _told_apart(tables.ws, members)
    scored = [step for step in steps if step.is_scored]
    if not scored:
        return steps, tuple(reasons), ()
    from identity.explaining_scores import weigh

    weighed = [weigh(tables, step.record_id_left, step.record_id_right) for step in scored]
    return steps, tuple(reasons), tuple(one for one in weighed if one)


def _told_apart(ws: Workspace, members: Iterable[str]) -> list[str]:
    """Return what people decided about pairs of a customer and no run has heeded yet."""
    inside = set(members)
    return [
        f"{one.decided_by} decided on {one.decided_at:%Y-%m-%d} that two of these records are different"
        f"{': ' + one.reason if one.reason else ''}; the next run will part them"
        for one in in_force(read_decisions(ws))
        if one.decision == "different" and inside.issuperset(one.pair)
    ]


def _unknown(tables: IdentityTables, text: str, nth: str) -> str:
    """Return why nothing is known by a text: nobody had it, or who had it was erased."""
    from identity.hashing import hash_salt, hash_value

    salt = hash_salt(tables.ws)
    values = {text.strip(), *(value for _, value in possible_values(tables.ws, text))}
    hashes = [hash_value(value, salt) for value in values]
    erased = [
        row
        for column in ("record_hash", "identifier_hash")
        for row in tables.rows("erasure_tombstones", ("erased_at",), **{column: hashes})
    ]
    if erased:
        return f"what the {nth} identifier named was erased on {max(erased)[0]:%Y-%m-%d}"
    return f"no record is known by the {nth} identifier"
