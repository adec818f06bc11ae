"""What a check found and what the run deserves; the vocabulary of this room."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

Stage = Literal["feed", "contract", "balance", "identity", "budget", "test"]
Severity = Literal["blocking", "budget", "warning"]
Outcome = Literal["pass", "fail", "error"]
Status = Literal["pass", "warn", "hold", "fail", "error"]
VerdictStatus = Literal["pass", "hold", "stop"]

_STATUS_OF_FAILURE: dict[Severity, Status] = {"blocking": "fail", "budget": "hold", "warning": "warn"}


@dataclass(frozen=True)
class CheckResult:
    """One check of one subject. Texts and keys never hold personal data.

    `severity` says what a failure means: `blocking` is a broken promise and stops the run, `budget` holds it until a
    person signs, `warning` is shown. A check that could not be carried out (`error`) stops the run at any severity.
    """

    stage: Stage
    subject: str
    """What was looked at: `feeds/pos_sales`, `marts.fct_orders`, `orders`."""
    name: str
    severity: Severity = "blocking"
    outcome: Outcome = "pass"
    message: str = ""
    """A sentence for people; empty when there is nothing to say."""
    observed: str | None = None
    expected: str | None = None
    failing_count: int | None = None
    checked_count: int | None = None
    sample_keys: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def status(self) -> Status:
        """Return the outcome weighed by the severity: pass, warn, hold, fail or error."""
        if self.outcome == "fail":
            return _STATUS_OF_FAILURE[self.severity]
        return self.outcome

    @property
    def passed(self) -> bool:
        """Tell whether the check held."""
        return self.outcome == "pass"


@dataclass(frozen=True)
class Signature:
    """A person took responsibility for a held run."""

    who: str
    why: str
    signed_at: datetime


@dataclass(frozen=True)
class Verdict:
    """What the audit decided about a run, with one sentence for each reason."""

    run_id: str
    as_of: datetime
    status: VerdictStatus
    reasons: tuple[str, ...]
    content_key: str
    """Identifies the audited content: a signature, and the publication, are for this content only."""
    signature: Signature | None = None

    @property
    def opens_gate(self) -> bool:
        """Tell whether the run may be published and activated: it passed, or a person signed for the hold."""
        return self.status == "pass" or (self.status == "hold" and self.signature is not None)

    def signed_by(self, signature: Signature) -> Verdict:
        """Return the verdict with a signature."""
        return replace(self, signature=signature)


def decide(results: list[CheckResult]) -> tuple[VerdictStatus, tuple[str, ...]]:
    """Weigh checks: any failure or error stops, any exceeded budget holds; the gravest reasons come first."""
    grave = [one for one in results if one.status in ("fail", "error")]
    held = [one for one in results if one.status == "hold"]
    status: VerdictStatus = "stop" if grave else "hold" if held else "pass"
    reasons = dict.fromkeys(one.message or f"{one.subject}: {one.name} does not hold" for one in [*grave, *held])
    return status, tuple(reasons)
