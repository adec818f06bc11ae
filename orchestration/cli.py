"""The command `unavista`: reads like the questions a person has, and answers errors without a traceback."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import Annotated

import click
import typer

from orchestration.commands import epochs, feeds, operating, people, quarantine, review, scaffolding, sending, shadow
from orchestration.commands.shell import WORKSPACE_VARIABLE, complain

# What a shell says of a program that Ctrl-C ended; typer answers it by itself as well.
_INTERRUPTED = 130
_DEBUG_VARIABLE = "UNAVISTA_DEBUG"
# Manifests, contracts and suites are hundreds of thousands of objects that live as long as the command: looking through
# them again and again for garbage, as Python does after every 700 new ones, takes a seventh of a run's time.
_GARBAGE_THRESHOLD = 100_000

app = typer.Typer(
    name="unavista",
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="One gated, explainable view of every customer: feeds in, checked and resolved; "
    "marts and consented exports out.",
    epilog="Start with [bold]unavista demo DIR[/bold]: a sample company, run end to end. "
    "Exit codes of a run: 0 pass, 1 error, 2 held, 3 stopped.",
)
for module in (scaffolding, operating, feeds, quarantine, people, sending, epochs, review, shadow):
    module.register(app)


@app.callback()
def settings(
    workspace: Annotated[
        Path | None,
        typer.Option("--workspace", "-w", help="Workspace folder for the command that follows.", show_default=False),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Hold for every command."""
    if workspace is not None:
        os.environ[WORKSPACE_VARIABLE] = str(workspace)
    if debug:
        os.environ[_DEBUG_VARIABLE] = "1"


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    gc.set_threshold(_GARBAGE_THRESHOLD)
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code; errors become a line for people."""
    try:
        code = app(args=arguments, prog_name="unavista", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return 0
    except click.ClickException as error:
        # Not click's own code 2: to a script that would read as a held run.
        error.show()
        return 1
    except (click.Abort, KeyboardInterrupt):
        code = _INTERRUPTED
    except Exception as error:
        if os.environ.get(_DEBUG_VARIABLE):
            raise
        return _answer(error)
    if code == _INTERRUPTED:
        complain("interrupted; the same command carries on where it stopped")
    return code if isinstance(code, int) else 0


def _answer(error: Exception) -> int:
    """Say an error in words that help, and return the exit code it deserves."""
    from workspace.errors import ConfigErrors, GateRefused, UnavistaError

    if isinstance(error, ConfigErrors):
        for one in error.errors:
            complain(str(one))
    elif isinstance(error, UnavistaError | OSError):
        complain(str(error))
    else:
        complain(
            f"unexpected {type(error).__name__}; its text may hold data: `unavista --debug ...` shows it and where"
        )
    return 3 if isinstance(error, GateRefused) else 1
