"""What the tests of the pipeline play with: rooms that note their calls, and verdicts."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any


class Rooms:
    """The rooms as the pipeline sees them: what each returns can be set, and every call is noted in order."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.checks: dict[str, list[Any]] = {}
        self.unchanged = False
        self.built = SimpleNamespace(is_good=True, failures=(), nodes=())
        self.verdict = verdict("pass")
        self.recorded: list[tuple[str, str | None]] = []
        self.failing: dict[str, Exception] = {}

    def note(self, name: str, result: Any) -> Callable[..., Any]:
        """Return a function that notes its call and returns, or raises what `failing` says."""

        def call(*_: Any, **__: Any) -> Any:
            self.calls.append(name)
            if name in self.failing:
                raise self.failing[name]
            return result() if callable(result) else result

        return call


def verdict(status: str, *reasons: str, signature: Any = None) -> Any:
    """Return a verdict as quality gives it."""
    opens = status == "pass" or (status == "hold" and signature is not None)
    return SimpleNamespace(status=status, reasons=reasons, signature=signature, opens_gate=opens)
