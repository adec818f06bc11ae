"""Commands about the model epoch: what is frozen, and how it is renewed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.commands.shell import JsonOption, WorkspaceOption, console, open_workspace, print_json

if TYPE_CHECKING:
    from identity.epochs import ModelEpoch

_GROUP = "identity"


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the group `identity`."""
    group = identity_group(app)
    group.command("train")(train)
    epoch = typer.Typer(help="What is frozen about names and weights.", no_args_is_help=True)
    epoch.command("renew")(renew)
    epoch.command("adopt")(adopt)
    group.add_typer(epoch, name="epoch")


def identity_group(app: typer.Typer) -> typer.Typer:
    """Return the group `identity`, which is made when no module has asked for it before."""
    group = next((one.typer_instance for one in app.registered_groups if one.name == _GROUP), None)
    if group is None:
        group = typer.Typer(help="Who is who: what people and models decide, and why.", no_args_is_help=True)
        app.add_typer(group, name=_GROUP, rich_help_panel="Ask")
    return group


def train(
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Train the scoring model on the lake and freeze it in a candidate epoch, moved by what people decided.

    Nothing changes before the candidate is adopted.

    Example:
        unavista identity train
    """
    return _make(workspace, train_model=True, as_json=as_json)


def renew(
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Freeze a candidate epoch from the lake as it is; a model is trained only where the configuration asks for one.

    Example:
        unavista identity epoch renew
    """
    return _make(workspace, train_model=False, as_json=as_json)


def adopt(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Put the candidate epoch in force for the next run, which then looks at all records anew.

    Example:
        unavista identity epoch adopt --yes
    """
    from identity.renewing import adopt_candidate

    opened = open_workspace(workspace)
    if not yes and not typer.confirm("Customers may merge and split in the next run. Adopt the candidate?"):
        return 1
    _show(adopt_candidate(opened), "in force from the next run on", as_json=as_json)
    return 0


def _make(workspace: WorkspaceOption, *, train_model: bool, as_json: bool) -> int:
    from datetime import UTC, datetime

    from identity.renewing import make_candidate
    from workspace.runs import Run

    opened = open_workspace(workspace)
    run = Run.at(opened.settings.as_of or datetime.now(UTC))
    _show(make_candidate(opened, run, train=train_model), "a candidate, not yet in force", as_json=as_json)
    return 0


def _show(epoch: ModelEpoch, state: str, *, as_json: bool) -> None:
    described = {
        "epoch_id": epoch.epoch_id,
        "state": state,
        "record_count": epoch.record_count,
        "has_scoring_model": epoch.splink_model is not None,
        "is_recalibrated": epoch.recalibration is not None,
    }
    if as_json:
        print_json(described)
        return
    model = "with a scoring model" if epoch.splink_model else "without a scoring model"
    moved = ", recalibrated by decisions" if epoch.recalibration else ""
    console.print(f"Epoch {epoch.epoch_id}: {epoch.record_count:,} records, {model}{moved}; {state}")
