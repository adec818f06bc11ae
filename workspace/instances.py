"""In-memory DuckDB instances, used again: starting one costs some 10 ms, and a run asks for hundreds of connections.

An instance goes back only when nothing of its user is left in it: attached files are detached, and one that holds
tables, or whose settings were changed, is closed. What belongs to a connection (temporary tables, the schema in use,
registered objects) ends with it, because every user gets a connection of his own. Functions are not looked for, which
would cost what is saved here: create them as temporary ones.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from workspace.quoting import quote_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from duckdb import DuckDBPyConnection

_Key = tuple[int, tuple[tuple[str, str], ...]]
_KEPT = 4
_LEFT_BEHIND = """
select count(*) from (
    select 1 from duckdb_tables() where not internal and not temporary
    union all select 1 from duckdb_views() where not internal and not temporary
    union all select 1 from duckdb_schemas() where not internal and schema_name <> 'main'
)
"""
# Settings of an instance as a whole that a user of it may change; the others belong to the connection.
_SHARED = (
    "preserve_insertion_order",
    "threads",
    "memory_limit",
    "temp_directory",
    "default_null_order",
    "default_order",
)
_SETTINGS = "select concat_ws('|', " + ", ".join(f"current_setting('{name}')" for name in _SHARED) + ")"
_lock = threading.Lock()
_idle: dict[_Key, list[tuple[DuckDBPyConnection, str]]] = {}


@contextmanager
def borrowed(config: Mapping[str, str]) -> Iterator[DuckDBPyConnection]:
    """Give a connection to an empty in-memory instance with this configuration."""
    # The process is part of the key: a forked child has no threads to serve an instance of its parent.
    key = (os.getpid(), tuple(sorted(config.items())))
    instance, fingerprint = _take(key)
    con = instance.cursor()
    clean = False
    try:
        yield con
        clean = True
    finally:
        con.close()
        # After an error a transaction of an attached file may be open still; closing settles it for certain.
        if not clean or not _put_back(key, instance, fingerprint):
            instance.close()


def _take(key: _Key) -> tuple[DuckDBPyConnection, str]:
    import duckdb

    with _lock:
        if _idle.get(key):
            return _idle[key].pop()
    instance = duckdb.connect(":memory:", config=dict(key[1]))
    return instance, _fingerprint(instance)


def _put_back(key: _Key, instance: DuckDBPyConnection, fingerprint: str) -> bool:
    attached = instance.execute(
        "select database_name from duckdb_databases() where not internal and database_name <> 'memory'"
    ).fetchall()
    for (name,) in attached:
        instance.execute(f"detach {quote_identifier(name)}")
    if instance.execute(_LEFT_BEHIND).fetchall()[0][0] or _fingerprint(instance) != fingerprint:
        return False
    with _lock:
        waiting = _idle.setdefault(key, [])
        if len(waiting) >= _KEPT:
            return False
        waiting.append((instance, fingerprint))
    return True


def _fingerprint(instance: DuckDBPyConnection) -> str:
    return str(instance.execute(_SETTINGS).fetchall()[0][0])
