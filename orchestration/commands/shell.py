"""What every command shares: where the workspace is, how to print, and how an error reads."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from workspace.workspace import Workspace

WORKSPACE_VARIABLE = "UNAVISTA_WORKSPACE"
WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        "-w",
        help="Workspace folder; the current folder when not given.",
        envvar=WORKSPACE_VARIABLE,
        show_envvar=True,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a script instead of text.")]

# In a pipe there is no width to fit, and a table folded at 80 columns is of no use to grep.
_PIPE_WIDTH = 200
console = Console(soft_wrap=True, width=None if sys.stdout.isatty() else _PIPE_WIDTH)
errors = Console(stderr=True, soft_wrap=True)


def open_workspace(path: Path | None) -> Workspace:
    """Open the workspace that an option of the command, an option before it, or the environment names.

    Raises:
        ConfigError: the folder is not a workspace.
    """
    from workspace.workspace import Workspace

    return Workspace.open(path or Path(os.environ.get(WORKSPACE_VARIABLE) or "."))


def as_instant(text: str | None) -> datetime | None:
    """Read an instant; a bare date or time is taken as UTC.

    Raises:
        ConfigError: the text is not an ISO 8601 date or instant.
    """
    from workspace.errors import ConfigError

    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"not an instant: {text!r}", expected="2026-01-31T05:00:00Z") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def print_json(value: Any) -> None:
    """Print a value as JSON; dataclasses, decimals, paths and times become plain values."""
    sys.stdout.write(json.dumps(plain(value), ensure_ascii=False, indent=2) + "\n")


def plain(value: Any) -> Any:
    """Return a value in the types that JSON has."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return str(value) if isinstance(value, Path) else value


def print_table(
    rows: Sequence[Mapping[str, Any]], *, title: str | None = None, empty: str = "Nothing.", numbers: Iterable[str] = ()
) -> None:
    """Print rows of one shape as a table; columns in `numbers` stand on the right."""
    if not rows:
        console.print(empty)
        return
    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    right = set(numbers)
    for name in rows[0]:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(cell(value) for value in row.values()))
    console.print(table)


def cell(value: Any) -> str:
    """Return a value as text for a table, with nothing read as markup."""
    from rich.markup import escape

    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return escape(str(value))


def say(text: str) -> None:
    """Print a line as it stands."""
    console.print(text, markup=False, highlight=False)


def complain(message: str) -> None:
    """Print an error for a person."""
    errors.print(f"[bold red]error:[/bold red] {_escaped(message)}", highlight=False)


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)
