"""The command that tries another epoch or other rules aside, and says what they would change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.commands.epochs import identity_group
from orchestration.commands.shell import (
    JsonOption,
    WorkspaceOption,
    console,
    open_workspace,
    plain,
    print_json,
    print_table,
    say,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestration.shadowing import Epoch, ShadowReport
    from quality.view_difference import Shift, ViewDifference


def register(app: typer.Typer) -> None:
    """Add the command of this module to the group `identity`."""
    identity_group(app).command("shadow")(shadow)


def shadow(
    epoch: Annotated[
        str | None, typer.Option("--epoch", help="`candidate`: the epoch that waits for adoption.", show_default=False)
    ] = None,
    identity: Annotated[
        Path | None,
        typer.Option("--identity", help="Rules to try instead of identity.yml: a file like it.", show_default=False),
    ] = None,
    wait: Annotated[float, typer.Option("--wait", help="Seconds to wait for another run to end.", min=0)] = 0,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Say what other rules or a candidate epoch would change: customers, segments, credit, members of destinations.

    Everything is resolved and built aside and thrown away: what is published and sent stays as it is.

    Examples:
        unavista identity shadow --epoch candidate
        unavista identity shadow --identity next/identity.yml --json
    """
    from orchestration.progress import Lines, Silent
    from orchestration.shadowing import cast_shadow

    opened = open_workspace(workspace)
    rules = identity.expanduser().resolve() if identity else None
    chosen = _epoch(epoch)
    if as_json:
        report = cast_shadow(opened, epoch=chosen, rules=rules, wait_seconds=wait, observer=Silent())
        print_json({**plain(report), "is_same": report.is_same})
        return 0
    with Lines(console) as lines:
        report = cast_shadow(opened, epoch=chosen, rules=rules, wait_seconds=wait, observer=lines)
    _show(report)
    return 0


def _epoch(text: str | None) -> Epoch | None:
    from workspace.errors import ConfigError

    if text in (None, "candidate"):
        return text  # type: ignore[return-value]
    raise ConfigError(f"there is no epoch {text!r} to try", expected="candidate")


def _show(report: ShadowReport) -> None:
    if report.is_same:
        say(f"Nothing would change against {report.run_id}: same customers, same figures, same rows to send.")
        return
    say(f"Against the published {report.run_id}:")
    _show_customers(report.difference)
    passages = [
        {"segment": one.segment_kind, "from": one.from_segment, "to": one.to_segment, "customers": one.customer_count}
        for one in report.difference.segments
    ]
    print_table(passages, title="Segments", empty="Segments: as published.", numbers=("customers",))
    _show_shifts("RFV cells", report.difference.rfv_cells)
    _show_shifts("Attributed revenue", report.difference.attributed_amounts)
    print_table(
        [
            {
                "sync": one.sync_id, "members": one.member_count,
                **{name: one.shadow[name] for name in ("add", "change", "remove")},
                "without the change": _counts(one.published),
                "says": one.message,
            }
            for one in report.destinations
        ],
        title="Rows to send", empty="No sync is configured.", numbers=("members", "add", "change", "remove"),
    )  # fmt: skip


def _counts(planned: dict[str, int] | None) -> str:
    if planned is None:
        return "unknown: made by another version"
    return " / ".join(f"{planned[name]:,}" for name in ("add", "change", "remove"))


def _show_customers(difference: ViewDifference) -> None:
    print_table(
        [{"outcome": outcome, "customers": count} for outcome, count in difference.customers.items()],
        title="Customers",
        numbers=("customers",),
    )
    for one in difference.revenue:
        say(f"Revenue touched: {one.touched_amount:,.2f} of {one.published_amount:,.2f} {one.currency_code}")
    churn = difference.churn
    if churn is not None and churn.customers_moved:
        say(f"{churn.customers_moved:,} of {churn.customers:,} would change their id without a cause in their data")
        say(f"{churn.causes.in_words()}. For example {', '.join(churn.examples)}")


def _show_shifts(title: str, shifts: Sequence[Shift]) -> None:
    rows: list[dict[str, Any]] = [
        {
            title.lower(): one.member,
            "published": f"{one.before_value:,.0f}" if one.currency_code is None else f"{one.before_value:,.2f}",
            "would be": f"{one.after_value:,.0f}" if one.currency_code is None else f"{one.after_value:,.2f}",
            "currency": one.currency_code,
        }
        for one in shifts
    ]
    print_table(rows, empty=f"{title}: as published.", numbers=("published", "would be"))
