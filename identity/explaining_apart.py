"""Say everything that keeps two sets of records apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from identity.configuration import load_identity_config
from identity.explaining_scores import Weighed, weigh
from identity.explaining_together import shared_values
from identity.hashing import hash_salt, hash_value
from identity.lookup import members_of
from identity.lookup_keys import literals
from identity.near_rules import WORDS, near_rules
from identity.review.decisions import Decision, in_force, read_decisions
from identity.tables import SCORED_NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duckdb import DuckDBPyConnection

    from identity.configuration import IdentityConfig
    from identity.lookup import Match
    from workspace.workspace import Workspace

KIND_WORDS = {
    "email": "e-mail", "phone": "telephone", "loyalty_card": "loyalty card",
    "customer_reference": "customer reference",
}  # fmt: skip
_PROFILE_KEYS = {
    "given_name": "given name", "family_name": "family name", "full_name": "full name", "birth_date": "birth date",
    "postal_code": "postal code", "street_number": "street number", "unverified_document": "document",
}  # fmt: skip


@dataclass(frozen=True)
class _Side:
    """The records that one argument names, and all others of their customers; `leads` stand for equal ones."""

    named: dict[str, str | None]
    everyone: frozenset[str]
    leads: list[str] = field(default_factory=list)


def apart_reasons(
    con: DuckDBPyConnection, ws: Workspace, found: Sequence[list[Match]], *, show_values: bool
) -> tuple[tuple[str, ...], tuple[Weighed, ...]]:
    """Return every reason that keeps two sets of records apart, for a person, and what the model makes of them.

    Args:
        con: Connection with views of the identity tables.
        ws: Workspace, for its rules and for what people decided.
        found: The records of each side; no customer is on both.
        show_values: Whether values are shown unmasked.
    """
    config = load_identity_config(ws)
    ours, theirs, edges = _sides(con, found)
    decisions = _decided(ws, ours, theirs)
    reasons = _nobody(con, ws, ours, "first") + _nobody(con, ws, theirs, "second")
    reasons += [_in_words(one) for one in decisions]
    documents = _documents_differ(con, ours, theirs)
    if documents:
        reasons.append(documents)
    refused = _refused(con, edges, show_values)
    if refused:
        told_apart = any(one.decision == "different" for one in decisions)
        cause = _cause(con, config, ours, theirs, documents=bool(documents), told_apart=told_apart)
        reasons += [f"{what}, but {cause}" for what in refused]
    reasons += _guarded(con, ours, theirs, show_values)
    reasons += _near(con, config, ours, theirs, {edge[2] for edge in edges})
    weighed = _weighed(con, config, ours, theirs)
    if weighed:
        reasons.append(_verdict(weighed))
    return tuple(reasons) or ("they share no evidence",), (weighed,) if weighed else ()


def _sides(con: DuckDBPyConnection, found: Sequence[list[Match]]) -> tuple[_Side, _Side, list[tuple]]:
    """Return both sides, and the edges between them that were refused."""
    members = members_of(con, {one.customer_id for side in found for one in side if one.customer_id})
    sides = []
    for side in found:
        customers = {one.customer_id for one in side if one.customer_id}
        everyone = {record for record, customer in members.items() if customer in customers}
        sides.append(({one.record_id: one.customer_id for one in side}, everyone.union(one.record_id for one in side)))
    both = literals(sides[0][1] | sides[1][1])
    edges = con.execute(
        f"""
        select record_id_left, record_id_right, rule_name, weight, identifier_kind, identifier_hash from match_edges
        where record_id_left in ({both}) and (record_id_right in ({both}))
            and (not is_within_customer or rule_name = 'same_evidence')
        order by weight desc, rule_name, record_id_left, record_id_right
        """
    ).fetchall()
    followers = {edge[1] for edge in edges if edge[2] == "same_evidence"}
    ours, theirs = (
        _Side(named, frozenset(everyone), sorted((everyone - followers) | {*named})) for named, everyone in sides
    )
    between = [
        edge
        for edge in edges
        if edge[2] != "same_evidence" and (edge[0] in ours.everyone) != (edge[1] in ours.everyone)
    ]
    return ours, theirs, between


def _nobody(con: DuckDBPyConnection, ws: Workspace, side: _Side, nth: str) -> list[str]:
    """Return why a record has no customer: it was erased, or nothing in it identifies anybody."""
    without = [record for record, customer in side.named.items() if customer is None]
    if not without:
        return []
    salt = hash_salt(ws)
    erased = con.execute(
        f"select max(erased_at) from erasure_tombstones where record_hash in "
        f"({literals(hash_value(record, salt) for record in without)}) and identifier_kind = 'record'"
    ).fetchall()[0][0]
    if erased:
        return [f"the {nth} was erased on {erased:%Y-%m-%d}, and what is erased belongs to no customer"]
    return [f"the {nth} has no customer: nothing in it identifies anybody"]


def _decided(ws: Workspace, ours: _Side, theirs: _Side) -> list[Decision]:
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


def _documents_differ(con: DuckDBPyConnection, ours: _Side, theirs: _Side) -> str | None:
    def documents(side: _Side) -> str:
        return (
            "(select distinct document_kind as kind, document_number as number, document_is_company as is_company "
            f"from customer_records where document_is_valid and record_id in ({literals(side.leads)}))"
        )

    kinds, company = con.execute(
        f"""
        select count(*) filter (where a.kind = b.kind and a.number <> b.number),
            count(*) filter (where a.is_company <> b.is_company)
        from {documents(ours)} a, {documents(theirs)} b
        """
    ).fetchall()[0]
    if company:
        return "one has a company's document and the other a person's"
    return "their documents are valid and differ: two valid documents never make one customer" if kinds else None


def _refused(con: DuckDBPyConnection, edges: list[tuple], show_values: bool) -> list[str]:
    """Return in words each rule that would have joined the two."""
    values = shared_values(con, edges, show_values)
    said = []
    for edge in edges:
        if edge[2] == SCORED_NAME:
            said.append(f"the model found them one person by {edge[3]:.1f} bits")
        else:
            value = values.get(edge[5])
            said.append(f"{edge[2].replace('_', ' ')}{f' ({value})' if value else ''} speaks for one customer")
    return list(dict.fromkeys(said))


def _cause(
    con: DuckDBPyConnection, config: IdentityConfig, ours: _Side, theirs: _Side, *, documents: bool, told_apart: bool
) -> str:
    """Return which constraint refused. Groups only grow while edges are taken, so what refused one still stands."""
    causes = []
    if told_apart:
        causes.append("a person decided otherwise")
    if documents:
        causes.append("no customer may hold both documents")
    if len(ours.leads) + len(theirs.leads) > config.max_cluster_profiles:
        causes.append(f"together they would exceed {config.max_cluster_profiles} distinct bundles of evidence")
    return " and ".join(causes) or "others speak against it: a record without name would have joined two people"


def _guarded(con: DuckDBPyConnection, ours: _Side, theirs: _Side, show_values: bool) -> list[str]:
    """Return the values that both carry and that a guard keeps from joining."""
    from identity.masking import mask_value

    def held(side: _Side) -> str:
        return f"(select * from customer_identifiers where record_id in ({literals(side.leads)}))"

    rows = con.execute(
        f"""
        with shared as (
            select distinct a.identifier_kind as kind, a.identifier_value as value, a.identifier_hash as hash,
                a.is_blocked, a.block_reason
            from {held(ours)} a
            join {held(theirs)} b on a.identifier_kind = b.identifier_kind and a.identifier_value = b.identifier_value
        )
        select s.kind, s.value, coalesce(s.block_reason, g.reason)
        from shared s
        left join guard_decisions g
            on g.identifier_kind = s.kind and g.identifier_hash = s.hash and g.decision = 'ambiguous'
        where s.is_blocked or g.decision is not null
        order by all
        """
    ).fetchall()
    return [
        f"the {KIND_WORDS.get(kind, kind)} they share ({value if show_values else mask_value(kind, value)}) "
        f"does not join them: {reason}"
        for kind, value, reason in rows
    ]


def _near(con: DuckDBPyConnection, config: IdentityConfig, ours: _Side, theirs: _Side, refused: set[str]) -> list[str]:
    """Return the rules whose keys the two share and whose conditions they fail."""
    rules = {rule.name: rule for rule in config.active_rules}
    said = []
    for name, failed in near_rules(con, config, ours.leads, theirs.leads).items():
        if name in refused or not failed:
            continue
        keys = [KIND_WORDS.get(key, _PROFILE_KEYS.get(key, key)) for key in rules[name].on]
        others = [one for one in failed if one != "rare_name"] or failed
        others = ["both_named"] if "both_named" in failed else others
        said.append(f"they share {' and '.join(keys)}, but {' and '.join(dict.fromkeys(WORDS[one] for one in others))}")
    return list(dict.fromkeys(said))


def _weighed(con: DuckDBPyConnection, config: IdentityConfig, ours: _Side, theirs: _Side) -> Weighed | None:
    """Return what the model makes of the two, where it weighs such records at all."""
    scope = (
        "true" if config.scoring.scope == "all"
        else "not (document_is_valid is true or phone_key is not null or loyalty_card_id is not null "
        "or account_id is not null)"
    )  # fmt: skip
    pair = []
    for side in (ours, theirs):
        rows = con.execute(
            f"select min(record_id) from customer_records where record_id in ({literals(side.named)}) "
            f"and full_name is not null and {scope}"
        ).fetchall()
        if rows[0][0] is None:
            return None
        pair.append(rows[0][0])
    return weigh(con, *sorted(pair))


def _verdict(weighed: Weighed) -> str:
    odds = "one person than two" if weighed.bits > 0 else "two people than one"
    said = f"the model finds them rather {odds} ({weighed.bits:+.1f} bits)"
    return f"{said}, yet what else it knows of them speaks against it" if weighed.bits > 0 else said
