"""Commands about what goes out: audiences and their size, and activation."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestration.commands.shell import (
    JsonOption,
    WorkspaceOption,
    as_instant,
    open_workspace,
    print_json,
    print_table,
    say,
)

_PANEL = "Send"
audience_app = typer.Typer(no_args_is_help=True, help="Audiences: who is meant, and how many can be reached.")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(audience_app, name="audience", rich_help_panel=_PANEL)
    app.command("activate", rich_help_panel=_PANEL)(activate)


@audience_app.command("list")
def list_audiences(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> int:
    """List the audiences of the workspace and where each is kept up to date.

    Example:
        unavista audience list
    """
    from activation.loading import load_activation

    config = load_activation(open_workspace(workspace))
    rows = [
        {
            "audience": name,
            "purpose": audience.purpose,
            "channel": audience.channel,
            "where": audience.where,
            "syncs": ", ".join(sync for sync, one in config.syncs.items() if one.audience.name == name) or None,
        }
        for name, audience in config.audiences.items()
    ]
    if as_json:
        print_json(rows)
    else:
        print_table(rows, empty="No audience is declared yet; put one into audiences/.")
    return 0


@audience_app.command("preview")
def preview(
    name: Annotated[str, typer.Argument(help="Name of the audience: its file in audiences/, without .yml.")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Say how many people an audience means, and how many remain after consent, suppression and contact limits.

    Example:
        unavista audience preview win_back
    """
    from activation.audiences import preview as count
    from orchestration.commands.pages import show_preview

    found = count(open_workspace(workspace), name)
    if as_json:
        print_json(found)
    else:
        show_preview(found)
    return 0


def activate(
    syncs: Annotated[list[str] | None, typer.Argument(help="Syncs to carry out; all when none is named.")] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Plan and count; send nothing, remember nothing.")] = False,
    trust: Annotated[
        list[str] | None, typer.Option("--trust", help="Let this sync pass its own limits once; may be repeated.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Instant from which consents and contact limits are judged.")
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Send from the published view what changed since the last time. Refused unless the last verdict is a pass.

    Examples:
        unavista activate --dry-run
        unavista activate win_back_email
    """
    from orchestration.sending import send

    ran = send(
        open_workspace(workspace), dry_run=dry_run, only=syncs or None, trust=trust or (), as_of=as_instant(as_of)
    )
    if as_json:
        print_json(ran)
    else:
        kind = "planned" if dry_run else "succeeded"
        rows = []
        for one in ran:
            counts = getattr(one, kind)
            rows.append(
                {
                    "sync": one.sync_id,
                    "status": one.status,
                    "eligible": one.eligible,
                    "members before": one.members,
                    **{operation: counts.get(operation, 0) for operation in ("add", "change", "remove")},
                    "says": one.message,
                }
            )
        print_table(
            rows,
            empty="No sync is configured; syncs.yml says which audience goes where.",
            numbers=("eligible", "members before", "add", "change", "remove"),
        )
        for one in ran:
            if one.folder:
                say(f"{one.sync_id}: {one.folder}")
    return 0 if all(one.is_clean for one in ran) else 1
