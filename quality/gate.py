"""The one door: publication and activation ask here, and a person signs here for a held run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quality.operations_tables import clock, quality_operations, transaction
from quality.results import Signature, Verdict
from quality.verdicts import read_verdict
from workspace.errors import GateRefused

if TYPE_CHECKING:
    from workspace.workspace import Workspace

_SHOWN_REASONS = 5


def require_pass(ws: Workspace, run_id: str) -> Verdict:
    """Return the recorded verdict of a run that may go out: passed, or held and signed for.

    Raises:
        GateRefused: there is no verdict, it is stop, or it is hold and nobody signed.
    """
    if not ws.operations_file.exists():
        raise GateRefused(f"{run_id} has not been audited: nothing goes out without a verdict")
    with quality_operations(ws) as con:
        verdict = read_verdict(con, run_id)
    if verdict is None:
        raise GateRefused(f"{run_id} has not been audited: nothing goes out without a verdict")
    if not verdict.opens_gate:
        raise GateRefused(_refusal(verdict))
    return verdict


def sign(ws: Workspace, run_id: str, *, who: str, why: str) -> Verdict:
    """Let a held run out in a person's name; recorded in ops.overrides with the reasons that were signed for.

    The signature is for the content that was audited: when the run is audited again with another outcome, it is void.

    Raises:
        GateRefused: the run is not held, or who or why is empty.
    """
    who, why = who.strip(), why.strip()
    if not who or not why:
        raise GateRefused("a signature needs a name and a reason")
    with quality_operations(ws) as con:
        verdict = read_verdict(con, run_id)
        if verdict is None:
            raise GateRefused(f"{run_id} has not been audited: there is nothing to sign")
        if verdict.status == "pass":
            raise GateRefused(f"{run_id} passed: it needs no signature")
        if verdict.status == "stop":
            raise GateRefused(f"{run_id} broke a promise and cannot be signed for. {_refusal(verdict)}")
        signed_at = clock()
        with transaction(con):
            con.execute(
                "insert into overrides values (?, ?, ?, ?, ?, ?)",
                [run_id, verdict.content_key, who, why, list(verdict.reasons), signed_at],
            )
    return verdict.signed_by(Signature(who, why, signed_at))


def _refusal(verdict: Verdict) -> str:
    shown = "; ".join(verdict.reasons[:_SHOWN_REASONS])
    left = len(verdict.reasons) - _SHOWN_REASONS
    text = f"{shown}; and {left} more" if left > 0 else shown
    if verdict.status == "hold":
        return f"{verdict.run_id} is held: {text}. Look at the report; a person may sign for it"
    return f"{verdict.run_id} is stopped: {text}"
