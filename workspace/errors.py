"""Errors written for the person who has to act on them."""

from __future__ import annotations

from pathlib import Path


class UnavistaError(Exception):
    """Base of every error that Unavista raises on purpose: the message alone must be enough to act on."""


class ConfigError(UnavistaError):
    """Say what is wrong in a configuration file, where it stands, what was expected and what to do.

    Args:
        message: What is wrong, without personal data.
        file: The file at fault, shown relative to nothing: the caller passes what the user should open.
        line: 1-based line in the file, when known.
        column: 1-based column in the line, when known.
        key: Dotted path of the key at fault.
        expected: What would have been right.
        hint: What to do next.
    """

    def __init__(
        self,
        message: str,
        *,
        file: Path | str | None = None,
        line: int | None = None,
        column: int | None = None,
        key: str | None = None,
        expected: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.message, self.file, self.line, self.column = message, file, line, column
        self.key, self.expected, self.hint = key, expected, hint
        super().__init__(str(self))

    def __str__(self) -> str:
        where = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        text = f"{where}: {self.message}" if where else self.message
        if self.key:
            text += f" (at {self.key})"
        if self.expected:
            text += f"; expected {self.expected}"
        if self.hint:
            text += f". {self.hint}"
        return text


class ConfigErrors(UnavistaError):
    """Carry every problem found in one pass over the configuration, so that the user mends them together."""

    def __init__(self, errors: list[ConfigError]) -> None:
        self.errors = errors
        super().__init__("\n".join(str(error) for error in errors))


class WorkspaceLocked(UnavistaError):
    """Another run holds the workspace."""


class GateRefused(UnavistaError):
    """An action that needs a passed verdict was asked for without one."""
