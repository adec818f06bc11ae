"""Call dbt in process for one workspace: its profile, its paths, its locks. No meaning of results here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workspace.atomic import write_text_atomic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workspace.workspace import Workspace

PROJECT = Path(__file__).parent
_PARTS = ("models", "macros", "tests", "seeds")


class DbtFailure(Exception):
    """dbt could not carry out a command at all."""


def write_profiles(workspace: Workspace) -> Path:
    """Write the profile of the workspace below its build folder and return the folder that holds it.

    Limits of the machine are given when the file is opened, because DuckDB shares them between all its connections.
    """
    settings = workspace.settings
    output = {
        "type": "duckdb",
        "path": str(workspace.build_file),
        "schema": "main",
        "threads": settings.threads,
        "config_options": {
            "threads": settings.threads,
            "memory_limit": settings.memory_limit,
            "temp_directory": str(workspace.build / "spill"),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            # Tables have no order: keeping one would hold whole results in memory.
            "preserve_insertion_order": False,
        },
        "settings": {"TimeZone": "UTC", "enable_progress_bar": False},
    }
    folder = workspace.build / "dbt"
    text = json.dumps({"unavista": {"target": "duckdb", "outputs": {"duckdb": output}}}, indent=2)
    file = folder / "profiles.yml"
    if not file.is_file() or file.read_text(encoding="utf-8") != text:
        write_text_atomic(file, text)
    return folder


def project_fingerprint(variables: dict[str, Any]) -> str:
    """Return a hash of every file of the project and of the variables that parsing reads."""
    digest = hashlib.sha256(json.dumps(variables, sort_keys=True).encode())
    files = [PROJECT / "dbt_project.yml"]
    for part in _PARTS:
        files += sorted(file for file in (PROJECT / part).rglob("*") if file.is_file())
    for file in files:
        digest.update(str(file.relative_to(PROJECT)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def invoke(
    workspace: Workspace,
    arguments: list[str],
    variables: dict[str, Any],
    *,
    manifest: Any = None,
    on_finished: Callable[[str, Any], None] | None = None,
) -> Any:
    """Run one dbt command and return its result object; a failed node is a result, not an exception.

    Args:
        workspace: Where the profile, the target folder and the build file stand.
        arguments: The command and its own options.
        variables: The `--vars` of the command.
        manifest: A parsed project, which dbt then does not parse again.
        on_finished: Called with a node's unique id and its result message as it ends.

    Raises:
        DbtFailure: the command could not be carried out (invalid project, unreadable file); the text says why.
    """
    from dbt.cli.main import dbtRunner

    folder = workspace.build / "dbt"
    options = [
        "--project-dir",
        PROJECT,
        "--profiles-dir",
        folder,
        "--target-path",
        folder,
        "--log-path",
        folder / "logs",
    ]
    command = ["--quiet", "--no-use-colors", "--log-level-file", "none", *arguments, *map(str, options)]
    callbacks = [_watcher(on_finished)] if on_finished else []
    with _released():
        outcome = dbtRunner(manifest=manifest, callbacks=callbacks).invoke([*command, "--vars", json.dumps(variables)])
    if outcome.exception or outcome.result is None:
        raise DbtFailure(f"dbt {arguments[0]} did not run: {outcome.exception or 'no result'}")
    return outcome.result


@contextmanager
def _released() -> Iterator[None]:
    """Close every connection that dbt opened: otherwise this process would keep the lock of the build file."""
    try:
        yield
    finally:
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager

        DuckDBConnectionManager.close_all_connections()


def _watcher(on_event: Callable[[str, Any], None]) -> Callable[[Any], None]:
    def watch(event: Any) -> None:
        if event.info.name == "NodeFinished":
            on_event(event.data.node_info.unique_id, event.data.run_result)

    return watch
