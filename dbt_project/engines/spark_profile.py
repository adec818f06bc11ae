"""The dbt profile of a Spark build."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from workspace.atomic import write_text_atomic
from workspace.spark import session_settings

if TYPE_CHECKING:
    from pathlib import Path

    from workspace.workspace import Workspace


def write_spark_profile(workspace: Workspace, folder: Path) -> None:
    """Write profiles.yml for a session that lives as long as the dbt process: a build makes every table anew.

    Args:
        workspace: Gives threads and memory.
        folder: Where the profile, Spark's warehouse and its scratch files stand.
    """
    output = {
        "type": "spark",
        "method": "session",
        "host": "localhost",
        "schema": "main",
        "threads": 1,
        "server_side_parameters": session_settings(workspace, folder),
    }
    profile = {"unavista": {"target": "spark", "outputs": {"spark": output}}}
    write_text_atomic(folder / "profiles.yml", json.dumps(profile, indent=2))
