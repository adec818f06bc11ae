"""Say everything that keeps two sets of records apart."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from identity.configuration import load_identity_config
from identity.explaining_scores import Weighed, has_model, weigh
from identity.explaining_sides import read_sides, weighed_records
from identity.explaining_together import shared_values
from identity.hashing import hash_salt, hash_value
from identity.masking import mask_value
from identity.near_rules import UNPUBLISHED, WORDS, near_rules
from identity.review.decisions import Decision, in_force, read_decisions
from identity.tables import SCORED_NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from identity.configuration import IdentityConfig
    from identity.explaining_sides import Side
    from identity.lookup import Match
    from identity.published import IdentityTables
    from workspace.workspace import Workspace

KIND_WORDS = {
    "email": "e-mail", "phone": "telephone", "local_number": "telephone without area code",
    "loyalty_card": "loyalty card", "customer_reference": "customer reference",
}  # fmt: skip
_PROFILE_KEYS = {
    "given_name": "given name", "family_name": "family name", "full_name": "full name", "birth_date": "birth date",
    "postal_code": "postal code", "street_number": "street number", "unverified_document": "document",
}  # fmt: skip


def apart_reasons(
    tables: IdentityTables, found: Sequence[list[Match]], *, show_values: bool
) -> tuple[tuple[str, ...], tuple[Weighed, ...]]:
    """Return every reason that keeps two sets of records apart, for a person, and what the model makes of them.

    Args:
        tables: The identity tables, and their workspace for its rules and for what people decided.
        found: The records of each side; no customer is on both.
        show_values: Whether values are shown unmasked.
    """
    config = load_identity_config(tables.ws)
    ours, theirs, edges = read_sides(tables, found, most=config.max_cluster_profiles)
    decisions = _decided(tables.ws, ours, theirs)
    reasons = _nobody(tables, ours, "first") + _nobody(tables, theirs, "second")
    reasons += [_in_words(one) for one in decisions]
    documents = _documents_differ(ours, theirs)
    if documents:
        reasons.append(documents)
    refused = _refused(tables, edges, show_values)
    if refused:
        told_apart = any(one.decision == "different" for one in decisions)
        cause = _cause(config, ours, theirs, documents=bool(documents), told_apart=told_apart)
        reasons += [f"{what}, but {cause}" for what in refused]
    reasons += _guarded(tables, ours, theirs, show_values)
    reasons += _near(config, ours, theirs, {edge[2] for edge in edges})
    weighed = _weighed(tables, config, ours, theirs)
    if weighed:
        reasons.append(_verdict(weighed))
    return tuple(reasons) or ("they share no evidence",), (weighed,) if weighed else ()


def _nobody(tables: IdentityTables, side: Side, nth: str) -> list[str]:
    """Return why a record has no customer: it was erased, or nothing in it identifies anybody."""
    without = [record for record, customer in side.named.items() if customer is None]
    if not without:
        return []
    salt = hash_salt(tables.ws)
    hashes = [hash_value(record, salt) for record in without]
    erased = tables.rows("erasure_tombstones", ("erased_at",), record_hash=hashes, identifier_kind=["record"])
    if erased:
        return [f"the {nth} was erased on {max(erased)[0]:%Y-%m-%d}, and what is erased belongs to no customer"]
    return [f"the {nth} has no customer: nothing in it identifies anybody"]


def _decided(ws: Workspace, ours: Side, theirs: Side) -> list[Decision]:
    return [
        one
        for one in in_force(read_decisions(ws))
        if (one.pair[0] in ours.everyone and one.pair[1] in theirs.everyone)
        or (one.pair[1] in ours.everyone and one.pair[0] in theirs.everyone)
    ]


def _in_words(one: Decision) -> str:
    said = f"{one.decided_by} decided on {one.decided_at:%Y-%m-%d} that they are {one.decision}"
    said += f": {one.reason}" if one.reason else ""
    return said if one.decision == "different" else f"{said}; the next run will join them"


def _documents_differ(ours: Side, theirs: Side) -> str | None:
    pairs = list(product(ours.documents(), theirs.documents()))
    if any(a.is_company != b.is_company for a, b in pairs):
        return "one has a company's document and the other a person's"
    if any(a.kind == b.kind and a.number != b.number for a, b in pairs):
        return "their documents are valid and differ: two valid documents never make one customer"
    return None


def _refused(tables: IdentityTables, edges: list[tuple], show_values: bool) -> list[str]:
    """Return in words each rule that would have joined the two."""
    values = shared_values(tables, edges, show_values)
    said = []
    for edge in edges:
        if edge[2] == SCORED_NAME:
            said.append(f"the model found them one person by {edge[3]:.1f} bits")
        else:
            value = values.get(edge[5])
            said.append(f"{edge[2].replace('_', ' ')}{f' ({value})' if value else ''} speaks for one customer")
    return list(dict.fromkeys(said))


def _cause(config: IdentityConfig, ours: Side, theirs: Side, *, documents: bool, told_apart: bool) -> str:
    """Return which constraint refused. Groups only grow while edges are taken, so what refused one still stands."""
    causes = []
    if told_apart:
        causes.append("a person decided otherwise")
    if documents:
        causes.append("no customer may hold both documents")
    if len(ours.leads) + len(theirs.leads) > config.max_cluster_profiles:
        causes.append(f"together they would exceed {config.max_cluster_profiles} distinct bundles of evidence")
    return " and ".join(causes) or "others speak against it: a record without name would have joined two people"


def _guarded(tables: IdentityTables, ours: Side, theirs: Side, show_values: bool) -> list[str]:
    """Return the values that both carry and that a guard keeps from joining."""
    carried = {(one["kind"], one["value"]) for one in theirs.held}
    shared = {(one["kind"], one["value"]): one for one in ours.held if (one["kind"], one["value"]) in carried}
    salt = hash_salt(tables.ws)
    hashes = {value: hash_value(value, salt) for (_, value), one in shared.items() if not one["is_blocked"]}
    columns = ("identifier_kind", "identifier_hash", "reason")
    rows = tables.rows("guard_decisions", columns, identifier_hash=hashes.values(), decision=["ambiguous"])
    ambiguous = {(kind, hashed): reason for kind, hashed, reason in rows}
    said = []
    whole = any(kind == "phone" for kind, _ in shared)
    for (kind, value), one in sorted(shared.items()):
        if kind == "local_number" and whole:
            continue
        reason = one["reason"] or ambiguous.get((kind, hashes.get(value, "")))
        if reason:
            shown = value if show_values else mask_value(kind, value)
            said.append(f"the {KIND_WORDS.get(kind, kind)} they share ({shown}) does not join them: {reason}")
    return said


def _near(config: IdentityConfig, ours: Side, theirs: Side, refused: set[str]) -> list[str]:
    """Return the rules whose keys the two share and whose conditions they fail."""
    rules = {rule.name: rule for rule in config.active_rules}
    said = []
    for name, failed in near_rules(config, ours.compared(), theirs.compared(), ours.held + theirs.held).items():
        if name in refused or not failed:
            continue
        keys = [KIND_WORDS.get(key, _PROFILE_KEYS.get(key, key)) for key in rules[name].on]
        others = [one for one in failed if one not in UNPUBLISHED] or failed
        others = ["both_named"] if "both_named" in failed else others
        # of what is not published, one is true
        link = " or " if UNPUBLISHED.issuperset(others) else " and "
        said.append(f"they share {' and '.join(keys)}, but {link.join(dict.fromkeys(WORDS[one] for one in others))}")
    return list(dict.fromkeys(said))


def _weighed(tables: IdentityTables, config: IdentityConfig, ours: Side, theirs: Side) -> Weighed | None:
    """Return what the model makes of the two, where it weighs such records at all."""
    if not has_model(tables):
        return None
    pair = weighed_records(tables, (ours, theirs), config.scoring.scope)
    return weigh(tables, *sorted(pair)) if pair else None


def _verdict(weighed: Weighed) -> str:
    odds = "one person than two" if weighed.bits > 0 else "two people than one"
    said = f"the model finds them rather {odds} ({weighed.bits:+.1f} bits)"
    return f"{said}, yet what else it knows of them speaks against it" if weighed.bits > 0 else said
