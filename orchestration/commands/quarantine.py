"""Commands about quarantine: what was set aside and why, repair it, land it again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from orchestration.commands.shell import JsonOption, WorkspaceOption, open_workspace, print_json, print_table, say

quarantine_app = typer.Typer(no_args_is_help=True, help="Rows that were set aside: look, repair, land again.")
FeedFilter = Annotated[str | None, typer.Option("--feed", help="Only rows of this feed.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(quarantine_app, name="quarantine", rich_help_panel="Feeds and quarantine")


@quarantine_app.command("list")
def list_groups(
    feed: FeedFilter = None,
    reason: Annotated[str | None, typer.Option("--reason", help="List single rows with this reason code.")] = None,
    limit: Annotated[int, typer.Option("--limit", help="Most rows to list with --reason.", min=1)] = 100,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Say how many rows wait, by file and reason; with --reason or --json, list the rows without their text.

    Examples:
        unavista quarantine list
        unavista quarantine list --feed pos_sales --reason type_mismatch
    """
    from ingestion.quarantine import list_quarantine, summarise_quarantine

    opened = open_workspace(workspace)
    if reason or as_json:
        rows = [_without_text(row) for row in list_quarantine(opened, feed=feed, reason=reason, limit=limit)]
        if as_json:
            print_json(rows)
        else:
            print_table(rows, empty="No such row waits.")
        return 0
    groups = [
        {
            "feed": one.feed,
            "file": one.source_file,
            "reason": one.reason_code,
            "column": one.column_name,
            "waiting": one.open_rows,
            "resolved": one.resolved_rows,
            "in words": one.reason,
        }
        for one in summarise_quarantine(opened, feed=feed)
    ]
    print_table(groups, empty="Nothing is quarantined.", numbers=("waiting", "resolved"))
    if groups:
        say("A row in full: unavista quarantine show ID (ids: --reason CODE). Repair: unavista quarantine export FILE")
    return 0


def _without_text(row: Any) -> dict[str, Any]:
    return {
        "id": row.quarantine_id,
        "feed": row.feed,
        "file": row.source_file,
        "row": row.source_row,
        "column": row.column_name,
        "reason": row.reason_code,
    }


@quarantine_app.command("show")
def show(
    quarantine_id: Annotated[str, typer.Argument(help="Identifier of the row, from `quarantine list --reason CODE`.")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Show one row with the text that was delivered. The text may hold personal data.

    Example:
        unavista quarantine show 3f2a9c01b7d44e10-17
    """
    from ingestion.quarantine import show_row

    row = show_row(open_workspace(workspace), quarantine_id)
    if as_json:
        print_json(row)
        return 0
    say(f"{row.source_file}, row {row.source_row} of feed {row.feed}: {row.reason}")
    say(f"state: {'resolved' if row.is_resolved else 'waiting'}")
    say(row.raw_text)
    return 0


@quarantine_app.command("export")
def export(
    target: Annotated[str, typer.Argument(help="File to write inside the workspace, such as corrections.jsonl.")],
    feed: FeedFilter = None,
    workspace: WorkspaceOption = None,
) -> int:
    """Write the waiting rows as JSON lines to correct by hand. The file holds personal data.

    Example:
        unavista quarantine export corrections.jsonl --feed crm_customers
    """
    from ingestion.quarantine import export_quarantine

    path = export_quarantine(open_workspace(workspace), target, feed=feed)
    say(f"{path}: correct `record` in each line, then: unavista quarantine replay --corrections {target}")
    return 0


@quarantine_app.command("replay")
def replay(
    feed: FeedFilter = None,
    ids: Annotated[list[str] | None, typer.Option("--id", help="Only this row; may be repeated.")] = None,
    corrections: Annotated[
        Path | None, typer.Option("--corrections", help="JSON lines as `quarantine export` writes them.")
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Land waiting rows again: with today's mapping, or as corrected in a file. The next run builds on them.

    Examples:
        unavista quarantine replay --feed pos_sales
        unavista quarantine replay --corrections corrections.jsonl
    """
    from orchestration.replaying import replay_rows

    opened = open_workspace(workspace)
    file = opened.resolve_inside(corrections) if corrections else None
    result = replay_rows(opened, feed=feed, ids=ids, corrections=file)
    if as_json:
        print_json({"resolved": result.resolved, "remaining": result.remaining, "reasons": result.reasons})
    else:
        say(f"{result.resolved:,} rows landed, {result.remaining:,} are still not right")
        for reason, count in result.reasons.items():
            code, _, column = reason.partition("|")
            say(f"  {count:,} rows: {code}" + (f" ({column})" if column else ""))
        if result.resolved:
            say("`unavista run` builds on them.")
    return 0 if not result.remaining else 1
