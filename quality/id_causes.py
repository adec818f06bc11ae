"""Why ids changed although the customers' own data did not: what is known of it, in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from identity.provenance import resolution_inputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quality.build_reading import Compared

_INPUTS = {"rules": "identity.yml", "epoch": "the model epoch", "code": "the code of identity"}
_SHOWN_WAYS = 5


@dataclass(frozen=True)
class Causes:
    """What differs from the published resolution, and how the moved customers came to their new ids.

    Args:
        inputs: What changed beside the records; None when the published view does not say what made it.
        guard_flips: Values whose guard decides otherwise now, by kind of identifier.
        ways: Moved customers by the rule that merged, or the guard that parted them.
    """

    inputs: tuple[str, ...] | None = None
    guard_flips: Mapping[str, int] = field(default_factory=dict)
    ways: Mapping[str, int] = field(default_factory=dict)

    def in_words(self) -> str:
        """Return the causes as sentences."""
        sentences = []
        if self.inputs is None:
            sentences.append("The published view does not say which rules made it")
        elif self.inputs:
            sentences.append(f"Changed since the published view: {', '.join(self.inputs)}")
        else:
            sentences.append("Rules, epoch and code are those of the published view")
        if self.guard_flips:
            kinds = ", ".join(f"{count:,} {kind}" for kind, count in self.guard_flips.items())
            sentences.append(f"A guard decides otherwise about values: {kinds}")
        if self.ways:
            shown = [f"{count:,} {way}" for way, count in list(self.ways.items())[:_SHOWN_WAYS]]
            more = ["others in other ways"] if len(self.ways) > _SHOWN_WAYS else []
            sentences.append(f"Customers: {', '.join(shown + more)}")
        return ". ".join(sentences)


def find_causes(compared: Compared) -> Causes:
    """Return what is known about the moves; needs the temp table `moved_customers`."""
    return Causes(_changed_inputs(compared), guard_flips(compared), _ways(compared))


def guard_flips(compared: Compared) -> dict[str, int]:
    """Return how many identifier values a guard decides about otherwise than in the published view, by kind."""
    before, after = compared.identity("guard_decisions", published=True), compared.identity("guard_decisions")
    if before is None or after is None:
        return {}
    rows = compared.con.execute(
        "select coalesce(b.identifier_kind, a.identifier_kind) as kind, count(*) "
        f"from {before} as b full join {after} as a "
        "on a.identifier_kind = b.identifier_kind and a.identifier_hash = b.identifier_hash "
        "where a.decision is distinct from b.decision group by kind order by kind"
    ).fetchall()
    return dict(rows)


def _changed_inputs(compared: Compared) -> tuple[str, ...] | None:
    published = compared.published.manifest.get("identity") if compared.published else None
    if published is None:
        return None
    now = resolution_inputs(compared.ws)
    return tuple(words for name, words in _INPUTS.items() if published.get(name) != now[name])


def _ways(compared: Compared) -> dict[str, int]:
    """Read them from the part of the history that the published view does not have; evidence is a rule or a guard."""
    before = compared.identity("customer_id_history", published=True)
    after = compared.identity("customer_id_history")
    if before is None or after is None:
        return {}
    rows = compared.con.execute(
        "select case when reason = 'merge' and evidence <> 'through new records' "
        "then 'merged by rule ' || split_part(evidence, ' ', 1) "
        "when reason = 'merge' then 'merged through new records' "
        "when reason = 'split' and evidence <> 'evidence changed' then 'split by a ' || evidence "
        "when reason = 'split' then 'split for want of a link' else reason end as way, "
        "count(distinct old_customer_id) as customers "
        f"from {after} as a anti join {before} as b "
        "on b.record_id = a.record_id and b.change_number = a.change_number "
        "where old_customer_id in (from moved_customers) group by way order by customers desc, way"
    ).fetchall()
    return dict(rows)
