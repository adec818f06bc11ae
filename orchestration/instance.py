"""Dagster's own folder inside the workspace: history of runs, without telemetry."""

from __future__ import annotations

import os
from pathlib import Path

from workspace.atomic import write_text_atomic
from workspace.workspace import Workspace

_DAGSTER_YAML = """telemetry: {enabled: false}
nux: {enabled: false}
python_logs: {python_log_level: INFO}
run_retries: {enabled: false}
concurrency:
  runs: {max_concurrent_runs: 1}
"""


def dagster_home(workspace: Workspace) -> Path:
    """Return DAGSTER_HOME of a workspace, made and configured when missing."""
    home = workspace.root / ".dagster"
    if not (home / "dagster.yaml").is_file():
        home.mkdir(parents=True, exist_ok=True)
        write_text_atomic(home / "dagster.yaml", _DAGSTER_YAML)
    return home


def dagster_environment(workspace: Workspace) -> dict[str, str]:
    """Return the environment in which Dagster and its children find this workspace."""
    return {
        **os.environ,
        "DAGSTER_HOME": str(dagster_home(workspace)),
        "UNAVISTA_WORKSPACE": str(workspace.root),
        "DAGSTER_DISABLE_TELEMETRY": "1",
    }
