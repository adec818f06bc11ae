"""Tell the person who waits how far the run is: a moving line on a terminal, plain lines in a pipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

DOING = {
    "land": "Landing feeds",
    "resolve": "Resolving who is who",
    "build": "Building marts",
    "audit": "Auditing",
    "publish": "Publishing",
    "activate": "Activating",
}


class Observer(Protocol):
    """What a run tells while it goes on."""

    def started(self, step: str) -> None:
        """Hear that a step began."""

    def advanced(self, step: str, item: str) -> None:
        """Hear that a step came to the next thing."""

    def finished(self, step: str, seconds: float, facts: str) -> None:
        """Hear that a step ended well, and what it did."""

    def noticed(self, text: str) -> None:
        """Hear something that a person should know."""


class Silent:
    """Tell nothing: for scripts, tests and runs that Dagster shows itself."""

    def started(self, step: str) -> None:
        """Do nothing."""

    def advanced(self, step: str, item: str) -> None:
        """Do nothing."""

    def finished(self, step: str, seconds: float, facts: str) -> None:
        """Do nothing."""

    def noticed(self, text: str) -> None:
        """Do nothing."""


class Lines:
    """One line for each finished step; on a terminal also a moving line for the step at work."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None
        self._counts: dict[str, int] = {}

    def started(self, step: str) -> None:
        """Show the step on the moving line."""
        if self._console.is_terminal and self._status is None:
            self._status = self._console.status(DOING[step])
            self._status.start()
        self._show(DOING[step])

    def advanced(self, step: str, item: str) -> None:
        """Show the item on the moving line, counted."""
        self._counts[step] = self._counts.get(step, 0) + 1
        self._show(f"{DOING[step]} [dim]{self._counts[step]}: {item}[/dim]")

    def finished(self, step: str, seconds: float, facts: str) -> None:
        """Print the step's line."""
        self._console.print(
            f"  [green]ok[/green] {DOING[step]:<22}[dim]{seconds:6.1f} s[/dim]  {facts}", highlight=False
        )

    def noticed(self, text: str) -> None:
        """Print the text under the steps."""
        self._console.print(f"     {text}", highlight=False, markup=False)

    def close(self) -> None:
        """Take the moving line away."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _show(self, text: str) -> None:
        if self._status is not None:
            self._status.update(text)
