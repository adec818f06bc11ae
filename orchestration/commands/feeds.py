"""Commands about feeds: list them, and dry-run a mapping before it lands anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.commands.shell import (
    JsonOption,
    WorkspaceOption,
    cell,
    console,
    open_workspace,
    print_json,
    print_table,
    say,
)

if TYPE_CHECKING:
    from ingestion.checking import FeedCheck

feeds_app = typer.Typer(no_args_is_help=True, help="List feeds, and check a mapping before it lands anything.")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(feeds_app, name="feeds", rich_help_panel="Feeds and quarantine")


@feeds_app.command("list")
def list_feeds(
    contracts: Annotated[
        bool, typer.Option("--contracts", help="List the contracts a feed can map to, with their columns.")
    ] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """List the feeds of the workspace and what has landed of each.

    Examples:
        unavista feeds list
        unavista feeds list --contracts
    """
    opened = open_workspace(workspace)
    rows = _contracts(opened) if contracts else _feeds(opened)
    if as_json:
        print_json(rows)
    else:
        print_table(
            rows,
            empty="No feed is mapped yet; feeds/crm_customers.yml.example shows how.",
            numbers=("batches", "rows_in", "accepted", "quarantined"),
        )
    return 0


def _contracts(workspace: Any) -> list[dict[str, Any]]:
    from data_contracts.loader import load_contracts

    return [
        {
            "contract": contract.name,
            "one row per": ", ".join(contract.primary_key),
            "required": ", ".join(one.name for one in contract.columns if one.required),
            "columns": ", ".join(one.name for one in contract.columns if not one.required),
        }
        for contract in load_contracts("feeds", workspace).values()
    ]


def _feeds(workspace: Any) -> list[dict[str, Any]]:
    from ingestion.feeds import load_feeds
    from ingestion.lake import Lake

    lake, rows = Lake(workspace), []
    for feed in load_feeds(workspace):
        landed = [one for one in lake.manifests(feed.config.contract) if one.feed == feed.name]
        source = feed.config.source
        rows.append(
            {
                "feed": feed.name,
                "contract": feed.config.contract,
                "source": ", ".join(source.path) if source.type == "file" else source.type,
                "batches": len(landed),
                "rows_in": sum(one.rows_in for one in landed if one.kind != "replay"),
                "accepted": sum(one.accepted for one in landed),
                "quarantined": sum(one.quarantined for one in landed),
            }
        )
    return rows


@feeds_app.command("check")
def check(
    names: Annotated[list[str] | None, typer.Argument(help="Feeds to check; all when none is named.")] = None,
    rows: Annotated[int, typer.Option("--rows", help="Rows of the first file to read.", min=1)] = 1000,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Dry-run mappings on the first rows of their first file and show what the lake would see; nothing is written.

    The preview holds personal data: it is for this terminal only. Exit code 1 when a row would not land.

    Examples:
        unavista feeds check
        unavista feeds check crm_customers --rows 5000
    """
    from datetime import UTC, datetime

    from ingestion.checking import check_feed
    from ingestion.feeds import load_feeds
    from orchestration.configuration import check_configuration
    from workspace.runs import Run

    opened = open_workspace(workspace)
    check_configuration(opened)
    run = Run.at(opened.settings.as_of or datetime.now(UTC))
    chosen = names or [feed.name for feed in load_feeds(opened)]
    results = [check_feed(opened, run, name, rows=rows) for name in chosen]
    if as_json:
        print_json(results)
    else:
        for result in results:
            _show(result, preview=bool(names))
        if not results:
            say("No feed is mapped yet; feeds/crm_customers.yml.example shows how.")
    return 0 if all(result.is_good for result in results) else 1


@feeds_app.command("reland")
def reland(
    names: Annotated[list[str] | None, typer.Argument(help="Feeds to land again; all when none is named.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Land the files of batches again that were mapped differently when they landed. The next run builds on them.

    A batch stays as it is, with the reason, when its file is gone, it came from a query, or its rows were replayed.
    Exit code 1 when one stays.

    Examples:
        unavista feeds reland
        unavista feeds reland pos_sales
    """
    from orchestration.replaying import reland_feeds

    results = reland_feeds(open_workspace(workspace), names or ())
    kept = {batch: why for one in results.values() for batch, why in one.kept.items()}
    landed = {contract: one.landing for contract, one in results.items() if one.landing.batches}
    if as_json:
        print_json({"landed": {contract: one.counts for contract, one in landed.items()}, "kept": kept})
        return 1 if kept else 0
    for contract, one in landed.items():
        say(
            f"{contract}: landed with today's mapping: {len(one.batches):,} batches, "
            f"{one.total('accepted'):,} rows accepted, {one.total('quarantined'):,} in quarantine"
        )
    for batch, why in kept.items():
        say(f"batch {batch} stays as it is: {why}")
    if landed:
        say("`unavista run` builds on them.")
    elif not kept:
        say("Every batch has been mapped as its feed is today.")
    return 1 if kept else 0


def _show(result: FeedCheck, *, preview: bool) -> None:
    mark = "[green]ok[/green]" if result.is_good else "[red]not right[/red]"
    console.print(f"{mark} {result.feed}", highlight=False)
    if result.source_file:
        good = f"{result.good_rows:,} of {result.rows:,} rows would land"
        left = f", {result.filtered_rows:,} left out by `where`" if result.filtered_rows else ""
        say(f"   {result.source_file}: {good}{left}")
    if result.error:
        say(f"   {result.error}")
    for problem, count in result.problems.items():
        say(f"   {count:,} rows: {problem}")
    if result.unmapped_columns:
        say(f"   no mapping reads: {', '.join(result.unmapped_columns)}")
    for number, row in enumerate(result.preview if preview else (), start=1):
        filled = {name: value for name, value in row.items() if value is not None}
        say(f"   row {number}: " + ", ".join(f"{name}={cell(value)}" for name, value in filled.items()))
