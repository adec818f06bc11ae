"""Dagster's own folder inside the workspace: the history of runs, without telemetry."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from orchestration.resources import WORKSPACE_VARIABLE
from workspace.atomic import write_text_atomic

if TYPE_CHECKING:
    from pathlib import Path

    from workspace.workspace import Workspace

_DAGSTER_YAML = """\
# Written by `unavista`; a change here is overwritten.
telemetry: {{enabled: false}}
nux: {{enabled: false}}
freshness: {{enabled: true}}
python_logs: {{python_log_level: INFO}}
concurrency:
  runs: {{max_concurrent_runs: 1}}
event_log_storage:
  module: orchestration.event_log
  class: KeptSqliteEventLogStorage
  config: {{base_dir: {events}}}
"""


def dagster_home(workspace: Workspace) -> Path:
    """Return DAGSTER_HOME of a workspace, made and configured when missing or when the workspace moved."""
    home = workspace.root / ".dagster"
    file = home / "dagster.yaml"
    text = _DAGSTER_YAML.format(events=json.dumps(str(home / "history" / "runs")))
    if not file.is_file() or file.read_text(encoding="utf-8") != text:
        write_text_atomic(file, text)
    return home


def dagster_environment(workspace: Workspace) -> dict[str, str]:
    """Return the environment in which Dagster and its children find this workspace."""
    return {
        **os.environ,
        "DAGSTER_HOME": str(dagster_home(workspace)),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        WORKSPACE_VARIABLE: str(workspace.root),
    }
