"""Commands by which people judge pairs of records: same, different or unsure, from the next run on."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated, Any

import click
import typer

from orchestration.commands.epochs import identity_group
from orchestration.commands.shell import (
    JsonOption,
    WorkspaceOption,
    complain,
    open_workspace,
    print_json,
    print_table,
    say,
)

if TYPE_CHECKING:
    from identity.review.decisions import Answer
    from identity.review.pairs import PairView, QueuedPair
    from workspace.workspace import Workspace

_ANSWERS: dict[str, Answer | None] = {"s": "same", "d": "different", "u": "unsure", "n": None, "q": None}
_QUESTION = "One person? [s]ame, [d]ifferent, [u]nsure, [n]ext, [q]uit"
_KINDS = {"merged": "one customer today", "apart": "two customers today"}
ByOption = Annotated[str | None, typer.Option("--by", help="Who decides; the user of the machine when not given.")]
ValuesOption = Annotated[bool, typer.Option("--values", help="Show the evidence itself; masked otherwise.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the group `identity`."""
    group = identity_group(app)
    group.command("review")(review)
    group.command("decide")(decide)
    group.command("decisions")(decisions)
    group.command("page")(page)


def review(
    *,
    listed: Annotated[bool, typer.Option("--list", help="List the pairs and ask nothing.")] = False,
    limit: Annotated[int, typer.Option("--limit", help="Most pairs.", min=1)] = 20,
    again: Annotated[bool, typer.Option("--again", help="Ask about pairs that somebody was unsure of, too.")] = False,
    by: ByOption = None,
    values: ValuesOption = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Judge the pairs whose outcome is most likely wrong and moves most records, one by one.

    Examples:
        unavista identity review
        unavista identity review --list --limit 50
    """
    from identity.review.pairs import read_queue

    opened = open_workspace(workspace)
    queue = read_queue(opened, limit=limit, again=again)
    if as_json:
        print_json(queue)
    elif listed or not queue:
        print_table(
            [_row(pair) for pair in queue], empty="Nothing waits for review.", numbers=("chance wrong", "records")
        )
    else:
        _ask(opened, queue, by=by or getpass.getuser(), values=values)
    return 0


def _row(pair: QueuedPair) -> dict[str, Any]:
    return {
        "record": pair.record_id_left,
        "and": pair.record_id_right,
        "today": _KINDS[pair.kind],
        "chance wrong": f"{100 * pair.score:.0f} %",
        "records": pair.records_at_stake,
        "because": "; ".join(pair.sentences),
    }


def _ask(ws: Workspace, queue: list[QueuedPair], *, by: str, values: bool) -> None:
    """Show pair after pair and write down each answer at once; what was answered stays when the session is left."""
    from identity.review.decisions import record_decision
    from identity.review.pairs import show_pair
    from workspace.errors import UnavistaError

    answered = 0
    for number, pair in enumerate(queue, start=1):
        say(f"\n{number} of {len(queue)}")
        try:
            _show(pair, show_pair(ws, pair.record_id_left, pair.record_id_right, show_values=values))
            key = typer.prompt(_QUESTION, type=click.Choice(list(_ANSWERS)), show_choices=False)
            if key == "q":
                break
            answer = _ANSWERS[key]
            if answer is None:
                continue
            reason = typer.prompt("Why (no personal data)", default="", show_default=False)
            record_decision(ws, pair.record_id_left, pair.record_id_right, answer, by=by, reason=reason)
            answered += 1
        except click.Abort:
            say("")
            break
        except UnavistaError as error:
            complain(str(error))
    say(f"{answered} decided; they hold from the next run on")


def _show(pair: QueuedPair, view: PairView) -> None:
    stake = f"{100 * pair.score:.0f} % likely wrong, {pair.records_at_stake:,} records would move"
    say(f"{_KINDS[pair.kind]}: {stake}")
    for sentence in pair.sentences:
        say(f"  - {sentence}")
    marks = {True: "=", False: "differs", None: ""}
    print_table(
        [
            {"": "from", "one": view.sources[0], "other": view.sources[1], " ": ""},
            *({"": line.field, "one": line.left, "other": line.right, " ": marks[line.agrees]} for line in view.lines),
        ]
    )
    for kind, value, reason in view.shared:
        say(f"both carry {kind.replace('_', ' ')} {value}" + (f", which joins nobody: {reason}" if reason else ""))


def decide(
    left: Annotated[str, typer.Argument(help="A record id, or anything that names one customer.")],
    right: Annotated[str, typer.Argument(help="Another one.")],
    *,
    same: Annotated[bool, typer.Option("--same", help="They are one customer.")] = False,
    different: Annotated[bool, typer.Option("--different", help="They are two customers.")] = False,
    unsure: Annotated[bool, typer.Option("--unsure", help="Nobody can tell; takes an earlier answer back.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why, without personal data.")] = "",
    by: ByOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Say of two records whether they are one customer. It holds from the next run on, until decided otherwise.

    Example:
        unavista identity decide crm:1042 crm:977 --different --reason "mother and daughter"
    """
    from identity.review.decisions import record_decision
    from identity.review.pairs import named_pair
    from workspace.errors import ConfigError

    asked: dict[Answer, bool] = {"same": same, "different": different, "unsure": unsure}
    said = [answer for answer, is_said in asked.items() if is_said]
    if len(said) != 1:
        raise ConfigError("one answer is needed", expected="--same, --different or --unsure")
    opened = open_workspace(workspace)
    pair = named_pair(opened, left, right)
    made = record_decision(opened, *pair, said[0], by=by or getpass.getuser(), reason=reason)
    if as_json:
        print_json(made.model_dump())
    else:
        say(f"{made.decision_id}: {' and '.join(made.pair)} are {made.decision}, from the next run on")
    return 0


def decisions(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also what was taken back or decided anew.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """List what people decided, and who, when and why.

    Example:
        unavista identity decisions --all
    """
    from identity.review.decisions import in_force, read_decisions

    made = read_decisions(open_workspace(workspace))
    chosen = made if everything else in_force(made)
    if as_json:
        print_json([one.model_dump() for one in chosen])
        return 0
    rows = [
        {
            "decision": one.decision_id,
            "record": one.record_id_left,
            "and": one.record_id_right,
            "are": one.decision,
            "by": one.decided_by,
            "at": one.decided_at,
            "because": one.reason,
        }
        for one in chosen
    ]
    print_table(rows, empty="Nobody has decided anything.")
    return 0


def page(
    customer: Annotated[str, typer.Argument(help="A customer id, or anything that names one customer.")],
    values: ValuesOption = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Write a page about one customer: records, the graph of evidence, guards, decisions and history of the id.

    Example:
        unavista identity page c3a68ddbd553d9b9ca2be3f0
    """
    from quality.cluster_page import write_cluster_page

    file = write_cluster_page(open_workspace(workspace), customer, show_values=values)
    if as_json:
        print_json({"page": file})
    else:
        say(f"Written to {file}")
    return 0
