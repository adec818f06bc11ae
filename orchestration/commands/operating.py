"""Commands that run, watch and govern: run, dev, status, sign, publish, docs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.commands.shell import (
    JsonOption,
    WorkspaceOption,
    as_instant,
    console,
    open_workspace,
    print_json,
    print_table,
    say,
)

if TYPE_CHECKING:
    from orchestration.running import RunReport
    from workspace.workspace import Workspace

_PANEL = "Run and watch"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (run, status, sign, publish, dev, docs):
        app.command(rich_help_panel=_PANEL)(command)


def run(
    workspace: WorkspaceOption = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Instant the run looks from, such as 2026-01-31T05:00:00Z.")
    ] = None,
    wait: Annotated[float, typer.Option("--wait", help="Seconds to wait for another run to end.", min=0)] = 0,
    no_activate: Annotated[bool, typer.Option("--no-activate", help="Stop after publishing; send nothing.")] = False,
    as_json: JsonOption = False,
) -> int:
    """Carry out the whole run: land, check, resolve, build, audit, publish, activate.

    A run that was killed is finished by the same command. Exit codes: 0 pass, 1 error, 2 held, 3 stopped.

    Examples:
        unavista run
        unavista run --no-activate --as-of 2026-01-31T05:00:00Z
        unavista run --json --wait 600   (for a scheduler)
    """
    from orchestration.progress import Lines, Silent
    from orchestration.running import run_workspace

    opened = open_workspace(workspace)
    instant = as_instant(as_of)
    if as_json:
        report = run_workspace(opened, as_of=instant, wait_seconds=wait, activate=not no_activate, observer=Silent())
        print_json(report.as_json())
        return report.exit_code
    with Lines(console) as lines:
        report = run_workspace(opened, as_of=instant, wait_seconds=wait, activate=not no_activate, observer=lines)
    summarise(opened, report)
    return report.exit_code


_WORDS = {"pass": "[green]pass[/green]", "hold": "[yellow]held[/yellow]", "stop": "[red]stopped[/red]"}


def summarise(workspace: Workspace, report: RunReport) -> None:
    """Say how a run ended, why, and where to look."""
    import os

    word = _WORDS.get(report.status, f"[red]{report.status}[/red]")
    console.print(f"{report.run_id}: {word} in {report.seconds:.1f} s", highlight=False)
    for reason in report.reasons[:10]:
        say(f"  - {reason}")
    if len(report.reasons) > 10:
        say(f"  - and {len(report.reasons) - 10} more, in the report")
    if report.error is not None and os.environ.get("UNAVISTA_DEBUG"):
        raise report.error
    if report.status == "hold":
        say('Nothing was published. Read the report; if it is right: unavista sign --who NAME --why "..."')
    elif report.status == "stop":
        say("Nothing was published or sent: the view and the exports of before stand as they were.")
    elif report.status == "error":
        say("Run it again when the cause is gone: it carries on where it stopped. `unavista --debug run` shows where.")
    if report.report:
        say(f"  report     {report.report}")
    if report.publication:
        say(f"  database   {workspace.published_file}")


def status(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> int:
    """Say what is published, how the last runs ended, what waits in quarantine, and what was sent.

    Examples:
        unavista status
        unavista status --json | jq .published.run_id
    """
    from orchestration.standing import standing

    found = standing(open_workspace(workspace))
    if as_json:
        print_json(found)
        return 0
    _show_standing(found)
    return 0


def _show_standing(found: dict[str, Any]) -> None:
    published = found["published"]
    if published:
        say(f"{found['workspace']}: published {published['run_id']}, {published['rows']:,} rows")
    else:
        say(f"{found['workspace']}: nothing is published yet; `unavista run` makes the first view")
    if found["unfinished_run"]:
        say(f"A run was left unfinished: {found['unfinished_run']}; `unavista run` finishes it")
    runs = [run | {"message": _short(run["message"])} for run in found["runs"]]
    print_table(runs, title="Last runs", empty="No run yet.", numbers=("seconds",))
    waiting = found["quarantine"]
    if waiting:
        rows = sum(one["rows"] for one in waiting)
        say(f"{rows:,} rows of {len({one['contract'] for one in waiting})} contracts wait: unavista quarantine list")
    if found["syncs"]:
        print_table(found["syncs"], title="Last syncs")


def _short(text: str | None) -> str:
    line = (text or "").split("\n")[0]
    return line if len(line) <= 90 else f"{line[:87]}..."


def sign(
    who: Annotated[str, typer.Option("--who", help="Your name; it is recorded.")],
    why: Annotated[str, typer.Option("--why", help="Why the held run is right; it is recorded.")],
    run_id: Annotated[str | None, typer.Option("--run", help="The held run; the last one when not given.")] = None,
    no_activate: Annotated[bool, typer.Option("--no-activate", help="Publish, but send nothing.")] = False,
    workspace: WorkspaceOption = None,
) -> int:
    """Let a held run out in your name: it is published and activated. A stopped run cannot be signed for.

    Example:
        unavista sign --who "Ana Prado" --why "Black Friday: the volume is real"
    """
    from orchestration.governing import sign_and_publish

    opened = open_workspace(workspace)
    done = sign_and_publish(opened, who=who, why=why, run_id=run_id, activate=not no_activate)
    say(f"{done.run_id}: signed by {who} and published")
    for line in done.lines:
        say(f"  {line}")
    return 0


def publish(
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Make the publication before this one current again.")
    ] = False,
    workspace: WorkspaceOption = None,
) -> int:
    """Go back to the publication before the current one; readers see it at once. A run publishes by itself.

    Example:
        unavista publish --rollback
    """
    from orchestration.governing import roll_back

    if not rollback:
        say("A run publishes by itself when it passes; `unavista publish --rollback` goes back to the view before.")
        return 0
    publication = roll_back(open_workspace(workspace))
    say(f"published again: {publication.publication_id}, as of {publication.as_of:%Y-%m-%d %H:%M} UTC")
    return 0


def dev(
    workspace: WorkspaceOption = None,
    port: Annotated[int, typer.Option("--port", "-p", help="Port of the UI.")] = 3000,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    view_only: Annotated[
        bool, typer.Option("--view-only", help="Only the web server: no sensor, no schedule; starts faster.")
    ] = False,
) -> int:
    """Open the Dagster UI on the workspace: assets, checks, runs, the sensor on the landing folder.

    Examples:
        unavista dev
        unavista --workspace demo dev --port 3333
    """
    from orchestration.serving import serve

    return serve(open_workspace(workspace), host=host, port=port, view_only=view_only)


def docs(workspace: WorkspaceOption = None) -> int:
    """Build the documentation of every model, column and test as one HTML page that needs no network.

    Example:
        unavista docs
    """
    from dbt_project.documentation import generate_docs

    say(f"documentation: {generate_docs(open_workspace(workspace))}")
    return 0
