"""Commands that make a workspace: init, demo, schemas."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestration.commands.shell import WorkspaceOption, console, open_workspace, say

_PANEL = "Start"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (init, demo, schemas):
        app.command(rich_help_panel=_PANEL)(command)


def init(
    folder: Annotated[Path, typer.Argument(help="Folder to make; files that exist there stay as they are.")],
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the company; the folder's name by default.")
    ] = None,
    country: Annotated[str, typer.Option("--country", help="BR, PT, ES or ZZ (anywhere else).")] = "BR",
) -> int:
    """Make a workspace: a folder with configuration to start from, completed by your editor.

    Example:
        unavista init my-shop --name "My Shop" --country PT
    """
    from orchestration.scaffolding import scaffold
    from workspace.errors import ConfigError
    from workspace.workspace import Workspace

    if (folder / "workspace.yml").exists():
        raise ConfigError("there is a workspace already", file=folder, hint="`unavista schemas` renews its schemas")
    written = scaffold(folder, name=name or folder.resolve().name.replace("_", " ").title(), country=country)
    Workspace.open(folder)
    say(f"{folder}: {len(written)} files written. Next:")
    say(f"  1. copy files into {folder / 'landing'} and map them: feeds/crm_customers.yml.example shows how")
    say(f"  2. unavista --workspace {folder} feeds check")
    say(f"  3. unavista --workspace {folder} run")
    return 0


def demo(
    folder: Annotated[Path, typer.Argument(help="Folder to make; a demo that is there is run again.")] = Path("demo"),
    people: Annotated[int, typer.Option("--people", help="People in the sample company.", min=10)] = 5000,
    seed: Annotated[int, typer.Option("--seed", help="Another seed, another company.")] = 7,
    country: Annotated[str, typer.Option("--country", help="BR, PT or ES.")] = "BR",
) -> int:
    """Make a sample company with all its feeds and run it end to end, then say where to look.

    Examples:
        unavista demo
        unavista demo /data/demo --people 20000 --country ES
    """
    from orchestration.commands.operating import summarise
    from orchestration.demonstration import prepare, tour
    from orchestration.progress import Lines
    from orchestration.running import run_workspace

    with Lines(console) as lines:
        workspace = prepare(folder, people=people, seed=seed, country=country, tell=lines.noticed)
        report = run_workspace(workspace, observer=lines)
    summarise(workspace, report)
    if report.exit_code == 0:
        for line in tour(workspace, folder):
            say(line)
    return report.exit_code


def schemas(workspace: WorkspaceOption = None) -> int:
    """Write the JSON Schemas again, after an upgrade, so that editors know today's keys.

    Example:
        unavista schemas
    """
    from orchestration.scaffolding import link_schemas, write_schemas

    root = open_workspace(workspace).root
    changed = write_schemas(root)
    link_schemas(root)
    say(f"{len(changed)} schemas changed in {root / '.schemas'}")
    return 0
