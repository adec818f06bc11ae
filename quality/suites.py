"""Run suites here, or in a process of their own that was started early enough to be ready when it is asked.

Importing Great Expectations takes longer than most of what a run does with it. On a second core the import costs no
time: a run that has something to land starts the process at once and asks it later. The process only reads, and ends
with the run, also when that is killed; where it cannot be had, the suites run here.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from quality.gx_duckdb import Relation
    from quality.results import CheckResult
    from workspace.workspace import Workspace

    Answer = list[tuple[Relation, list[CheckResult]]]

_HOUSE = Path(__file__).parent.parent
_ENDED = (EOFError, OSError)
_asked: list[Connection] = []
"""The connection to the process, while there is one."""


@contextmanager
def suites_made_ready(*, early: bool) -> Iterator[None]:
    """Have a process ready for the suites of the block, when asked `early` and where there is a core for it."""
    if not early or os.name != "posix" or (os.cpu_count() or 1) < 2:
        yield
        return
    ours, theirs = Pipe()
    command = [sys.executable, "-m", __name__, str(theirs.fileno())]
    path = os.pathsep.join([str(_HOUSE), *filter(None, [os.environ.get("PYTHONPATH")])])
    process = subprocess.Popen(  # noqa: S603  # this very program
        command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": path}
    )
    theirs.close()
    _asked.append(ours)
    try:
        yield
    finally:
        _asked.clear()
        ours.close()
        process.terminate()
        process.wait()


def run_suites(ws: Workspace, relations: Iterable[Relation], *, database: Path | None = None) -> Callable[[], Answer]:
    """Start the suites of relations and return the function that waits for the results; call it before the next start.

    Each relation comes with one line that sums its suite up, and one for each rule that broke. `database` is opened
    read-only; without it the queries read files.
    """
    waiting = list(relations)
    if not waiting:
        return list
    if not _asked:
        answer = _run_here(ws, waiting, database)
        return lambda: answer
    process = _asked[0]
    with suppress(*_ENDED):
        process.send((ws, waiting, database))

    def wait() -> Answer:
        try:
            return list(zip(waiting, process.recv(), strict=True))
        except _ENDED:
            _asked.clear()
            return _run_here(ws, waiting, database)

    return wait


def _run_here(ws: Workspace, relations: list[Relation], database: Path | None) -> Answer:
    from quality import gx_duckdb

    return list(gx_duckdb.run_suites(ws, relations, database=database))


def _serve(connection: Connection) -> None:
    """Answer until the other side is gone, or a suite raises: the run then asks in its own process, and says why.

    Nothing is printed here, for the text of an exception may hold values.
    """
    from quality.gx_duckdb import prepare

    prepare()
    while True:
        try:
            asked = connection.recv()
            connection.send([found for _, found in _run_here(*asked)])
        except Exception:
            return


if __name__ == "__main__":
    _serve(Connection(int(sys.argv[1])))
