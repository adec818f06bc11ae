"""Dagster's event log in SQLite, with connections that stay open.

The stock storage opens a new connection, and waits for the disk twice, for each event: about 15 ms an event, which for
a hundred models with a check each is a tenth of the whole sample run. Kept open, and with the write-ahead log flushed
at its checkpoints only, an event costs about 4 ms. The files are the same; the log is a history, and what a power cut
could take from it (the last moments) stands in the operations store as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.sql import create_engine
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import StaticPool


class KeptSqliteEventLogStorage(SqliteEventLogStorage):
    """SQLite event log with one open connection for each file; the lock of the base class guards them."""

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        self._engines: dict[str, Engine] = {}
        self._known_tables: set[str] = set()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> KeptSqliteEventLogStorage:
        """Make the storage from dagster.yaml."""
        return cls(inst_data=inst_data, **config_value)

    def dispose(self) -> None:
        """Close every connection."""
        for engine in self._engines.values():
            engine.dispose()
        super().dispose()

    def has_table(self, table_name: str) -> bool:
        """Tell whether the log has a table; one that it has is not looked for again."""
        if table_name not in self._known_tables and super().has_table(table_name):
            self._known_tables.add(table_name)
        return table_name in self._known_tables

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engines.get(shard)
            if engine is None:
                engine = self._engines[shard] = self._open(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def _open(self, shard: str) -> Engine:
        arguments = {"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False}
        engine = create_engine(self.conn_string_for_shard(shard), poolclass=StaticPool, connect_args=arguments)
        sqlalchemy.event.listen(engine, "connect", _flush_at_checkpoints)
        return engine


def _flush_at_checkpoints(connection: Any, _record: Any) -> None:
    connection.execute("pragma synchronous = normal")
