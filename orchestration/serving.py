"""Start the Dagster UI on a workspace, and stop all of it with one interrupt."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.instance import dagster_environment
from workspace.errors import UnavistaError

if TYPE_CHECKING:
    from workspace.workspace import Workspace


def serve(workspace: Workspace, *, host: str, port: int, view_only: bool = False) -> int:
    """Run the UI until it is interrupted, and return its exit code.

    Raises:
        ConfigErrors: the configuration is not valid: better said here than in the UI's error page.
        UnavistaError: the port is taken.
    """
    from dbt_project.building import prepare_manifest
    from orchestration.configuration import check_configuration

    check_configuration(workspace)
    prepare_manifest(workspace)
    _require_free(host, port)
    process = start(workspace, host=host, port=port, view_only=view_only)
    sys.stdout.write(f"Dagster UI of {workspace.settings.name}: http://{host}:{port} (stop with Ctrl-C)\n")
    sys.stdout.flush()
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
        return 0


def start(
    workspace: Workspace, *, host: str, port: int, view_only: bool = False, log: Path | None = None
) -> subprocess.Popen[bytes]:
    """Start `dagster dev`, or the web server alone, as a process group of its own.

    Signals are set back to their defaults first: a shell without job control starts background commands with the
    interrupt ignored, and Dagster would then ignore the request to end as well.
    """
    program = [sys.executable, "-m", "dagster_webserver"] if view_only else [sys.executable, "-m", "dagster", "dev"]
    output = log.open("wb") if log else None
    try:
        return subprocess.Popen(  # noqa: S603
            [*program, "-m", "orchestration.definitions", "-h", host, "-p", str(port)],
            env=dagster_environment(workspace),
            cwd=workspace.root,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            start_new_session=log is not None,
            preexec_fn=_default_signals,  # noqa: PLW1509
        )
    finally:
        if output:
            output.close()


def _default_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def _require_free(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UnavistaError(
                f"cannot listen on {host}:{port} ({error.strerror}); choose another with --port"
            ) from None
