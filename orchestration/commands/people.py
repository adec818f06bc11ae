"""Commands about one person: who is this, and why are these two records one customer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestration.commands.shell import JsonOption, WorkspaceOption, open_workspace, print_json

_PANEL = "Ask"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("profile", rich_help_panel=_PANEL)(profile)
    app.command("why-merged", rich_help_panel=_PANEL)(why_merged)
    app.command("why-not", rich_help_panel=_PANEL)(why_not)


def profile(
    identifier: Annotated[str, typer.Argument(help="E-mail, phone, document, card, protocol, order or customer id.")],
    masked: Annotated[
        bool, typer.Option("--masked", help="Show personal data only as far as needed to recognise it.")
    ] = False,
    most: Annotated[int, typer.Option("--most", help="Rows in each list.", min=1)] = 10,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Say who this is: last contacts with protocol, open issues, orders, consents, segments. Shows personal data.

    Examples:
        unavista profile ana.prado@example.com
        unavista profile "(11) 98765-4321"
    """
    from activation.profile import profile as find_profile
    from orchestration.commands.pages import show_profile

    found = find_profile(open_workspace(workspace), identifier, masked=masked, most=most)
    if as_json:
        print_json(found)
    else:
        show_profile(found)
    return 0 if found.customers else 1


def why_merged(
    left: Annotated[str, typer.Argument(help="A record id, a customer id, or any identifier.")],
    right: Annotated[str, typer.Argument(help="Another one.")],
    values: Annotated[bool, typer.Option("--values", help="Show the evidence itself; masked otherwise.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Say why two records are one customer: the chain of evidence between them, rule by rule; or why they are not.

    Example:
        unavista why-merged ana@example.com 111.444.777-35
    """
    return _explain(left, right, values=values, workspace=workspace, as_json=as_json)


def why_not(
    left: Annotated[str, typer.Argument(help="A record id, a customer id, or any identifier.")],
    right: Annotated[str, typer.Argument(help="Another one.")],
    values: Annotated[bool, typer.Option("--values", help="Show the evidence itself; masked otherwise.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Say everything that keeps two records apart: guards, conflicts, decisions, weights; or what joins them after all.

    Example:
        unavista why-not ana@example.com rui@example.com
    """
    return _explain(left, right, values=values, workspace=workspace, as_json=as_json)


def _explain(left: str, right: str, *, values: bool, workspace: Path | None, as_json: bool) -> int:
    from identity.explaining import explain
    from orchestration.commands.pages import show_explanation

    explanation = explain(open_workspace(workspace), left, right, show_values=values)
    if as_json:
        print_json(explanation)
    else:
        show_explanation(explanation)
    return 0
