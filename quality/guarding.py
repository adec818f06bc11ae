"""A check that cannot be carried out is an error with a name, and does not hide the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from quality.results import CheckResult, Stage

if TYPE_CHECKING:
    from collections.abc import Sequence


def guarded(stage: Stage, subject: str, check: Callable[[], Sequence[CheckResult]]) -> list[CheckResult]:
    """Return what a check found, or one error when DuckDB could not carry it out.

    The text of the exception is kept when it names only tables and columns; other texts may quote values.
    """
    import duckdb

    try:
        return list(check())
    except (duckdb.BinderException, duckdb.CatalogException) as error:
        reason = str(error).split("\n", 1)[0]
    except duckdb.Error as error:
        reason = type(error).__name__
    message = f"{subject} could not be checked: {reason}"
    return [CheckResult(stage, subject, "could_be_checked", outcome="error", message=message)]
