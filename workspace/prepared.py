"""Statements that are planned once in a thread and only run from then on: planning a long one takes ten times as long.

They read no table, for then they would be planned anew each time; what they work on is handed over as text, or as rows
in JSON.
"""

from __future__ import annotations

import json
import threading
from itertools import count
from typing import TYPE_CHECKING, Any

from workspace.quoting import quote_literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_KEPT = 64
_thread = threading.local()


def run_prepared(sql: str, *values: str | None) -> list[tuple[Any, ...]]:
    """Return the rows of a statement with the parameters `$1`, `$2`, …, all of them text.

    Args:
        sql: One SELECT.
        values: Its parameters.

    Raises:
        RuntimeError: the statement fails; of its parameters nothing is said.
    """
    import duckdb

    name = _plans().get(sql) or _plan(sql)
    # `execute` takes no parameters of the client; a zero byte would end the statement
    texts = ["null" if value is None else quote_literal(value.replace("\0", "")) for value in values]
    try:
        return _thread.con.execute(f"execute {name}({', '.join(texts)})" if texts else f"execute {name}").fetchall()
    except duckdb.Error as error:
        # its text quotes what was handed over
        raise RuntimeError(f"a prepared statement failed: {type(error).__name__}") from None


def rows_sql(parameter: str, columns: Mapping[str, str]) -> str:
    """Return SQL that reads a parameter of `as_rows` as rows with these columns and types."""
    fields = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    return f"(select unnest(cast(cast(cast({parameter} as VARCHAR) as JSON) as STRUCT({fields})[]), recursive := true))"


def as_rows(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> str:
    """Return these columns of rows as the text that `rows_sql` reads."""
    return json.dumps([{name: row[name] for name in columns} for row in rows], default=str)


def _plans() -> dict[str, str]:
    """Return the names of the statements that this thread has planned."""
    if not hasattr(_thread, "con"):
        import duckdb

        config = {"threads": "1", "autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
        _thread.con = duckdb.connect(":memory:", config=config)  # type: ignore[arg-type]
        _thread.con.execute("set TimeZone = 'UTC'")
        _thread.plans, _thread.numbers = {}, count()
    plans: dict[str, str] = _thread.plans
    return plans


def _plan(sql: str) -> str:
    plans = _plans()
    if len(plans) >= _KEPT:
        oldest = next(iter(plans))
        _thread.con.execute(f"deallocate {plans.pop(oldest)}")
    name = f"plan_{next(_thread.numbers)}"
    _thread.con.execute(f"prepare {name} as {sql}")
    plans[sql] = name
    return name
