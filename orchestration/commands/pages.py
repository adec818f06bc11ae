"""Pages for a terminal: a person, an explanation, an audience."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from orchestration.commands.shell import cell, console, print_table, say

if TYPE_CHECKING:
    from activation.audiences import AudiencePreview
    from activation.profile import CustomerProfile, Profile
    from identity.explaining import Explanation

_CHANNELS = ("email", "sms", "whatsapp", "phone", "mail")


def show_profile(found: Profile) -> None:
    """Print who an identifier names; several people when they share it."""
    if not found.customers:
        say(f"Nobody is known by {found.identifier!r} in {found.run_id}.")
        return
    if len(found.customers) > 1:
        say(f"{len(found.customers)} customers share {found.identifier!r}:")
    for customer in found.customers:
        _show_customer(customer)


def _show_customer(customer: CustomerProfile) -> None:
    person, summary = customer.person, customer.summary
    console.rule(
        f"[bold]{cell(person.get('full_name') or 'name unknown')}[/bold]  {customer.customer_id}", align="left"
    )
    _lines(
        {
            "contact": _joined(person, ("email", "phone", "document_number")),
            "lives in": _joined(person, ("city", "state_code", "country_code")),
            "known since": person.get("first_seen_at"),
            "known by": _known_by(person),
            "buys": _buying(summary),
            "last contact": _joined(summary, ("last_contact_at", "last_contact_channel")),
            "last protocol": summary.get("last_protocol_number"),
            "may contact by": ", ".join(name for name in _CHANNELS if summary.get(f"can_{name}")) or "no channel",
        }
    )
    _section("Open cases", customer.open_cases, ("protocol_number", "contact_type", "channel", "subject", "opened_at"))
    _section(
        "Last contacts",
        customer.contacts,
        ("occurred_at", "channel", "direction", "interaction_type", "status", "protocol_number", "subject"),
    )
    _section(
        "Last orders",
        customer.orders,
        ("ordered_at", "source_order_id", "store_kind", "status", "net_revenue_amount", "delivered_at"),
    )
    _section("Consents", customer.consents, ("consent_channel", "purpose", "status", "decided_at", "consent_source"))
    _section("Suppressions", customer.suppressions, ("consent_channel", "reason", "since_at"))
    _section("Segments", [_segment(one) for one in customer.segments], ("segment", "since", "because"))
    _section("Campaigns", customer.campaigns, ("contacted_at", "campaign_name", "channel", "status", "is_control"))
    _section("Sent to", customer.destinations, ("destination_id", "sync_id", "status", "last_sent_at"))
    _section("Meant, but not sent", customer.left_out, ("sync_id", "channel", "reason_code"))


def _known_by(person: Mapping[str, Any]) -> str:
    records, systems = person.get("record_count") or 0, person.get("source_system_count") or 0
    return f"{records:,} records of {systems} systems, strongest evidence {person.get('customer_id_source') or 'none'}"


def _segment(reason: Any) -> dict[str, Any]:
    because = ", ".join(f"{name} {cell(value)}" for name, value in reason.because.items())
    return {"segment": reason.segment_name, "since": reason.entered_on, "because": reason.where or because}


def _buying(summary: Mapping[str, Any]) -> str:
    if not summary.get("order_count"):
        return "has not bought"
    spent = f"{summary['net_revenue_amount']:,.2f}"
    return (
        f"{summary['order_count']:,} orders, {spent} net, last {summary.get('recency_days')} days before the run; "
        f"{summary.get('rfv_segment')} ({summary.get('rfv_cell')})"
    )


def show_explanation(found: Explanation) -> None:
    """Print the chain of evidence between two records, or what keeps them apart."""
    answer = "the same customer" if found.is_same_customer else "not the same customer"
    say(f"{', '.join(found.left) or 'nobody'} and {', '.join(found.right) or 'nobody'}: {answer}")
    for reason in found.reasons:
        say(f"  - {reason}")
    if found.steps:
        print_table(
            [
                {
                    "from": step.record_id_left,
                    "to": step.record_id_right,
                    "rule": step.rule_name,
                    "weight": step.weight,
                    "evidence": step.value,
                    "systems": " and ".join(step.sources),
                }
                for step in found.steps
            ]
        )
    for pair in found.weighed:
        title = f"{pair.record_id_left} and {pair.record_id_right}: {pair.bits:+.1f} bits"
        rows = [{"compared": one.comparison, "found": one.level, "bits": f"{one.bits:+.1f}"} for one in pair.steps]
        say("")
        print_table(rows, title=title, numbers=("bits",))


def show_preview(found: AudiencePreview) -> None:
    """Print how many people an audience means, and how many remain."""
    say(f"{found.name}: {found.description}")
    say(f"{found.eligible:,} people are meant, {found.selected:,} may be contacted ({found.channel}, {found.purpose})")
    lost = sorted(found.reasons.items(), key=lambda item: (-item[1], item[0]))
    print_table(
        [{"not contacted because": reason.replace("_", " "), "people": count} for reason, count in lost],
        empty="Nobody is left out.",
        numbers=("people",),
    )
    reachable = ", ".join(f"{channel} {count:,}" for channel, count in found.reachable_by_channel.items() if count)
    say(f"reachable with consent: {reachable or 'nobody on any channel'}")


def _section(title: str, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
    chosen = [{name: row.get(name) for name in columns} for row in rows]
    if chosen:
        say("")
        print_table(chosen, title=title, numbers=("net_revenue_amount",))


def _lines(facts: Mapping[str, Any]) -> None:
    for name, value in facts.items():
        if value not in (None, ""):
            console.print(f"[dim]{name:<15}[/dim]{cell(value)}", highlight=False)


def _joined(row: Mapping[str, Any], names: Sequence[str]) -> str:
    return ", ".join(cell(row[name]) for name in names if row.get(name) not in (None, ""))
