"""The documentation site of the models as one file that works without a network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dbt_project.building import prepare_manifest, run_dbt
from dbt_project.variables import parse_variables
from workspace.atomic import write_bytes_atomic

if TYPE_CHECKING:
    from workspace.workspace import Workspace


def generate_docs(workspace: Workspace) -> Path:
    """Write the documentation of every model, column and test, and return the path of its page.

    The page is self-contained. Sizes and types of what was built stand in it when there is a build; it never holds a
    value of any row.

    Raises:
        BuildFailed: the project does not parse.
    """
    arguments = ["docs", "generate", "--static", "--no-compile"]
    if not workspace.build_file.is_file():
        arguments.append("--empty-catalog")
    prepare_manifest(workspace)
    run_dbt(workspace, arguments, parse_variables(workspace))
    page = workspace.warehouse / "docs" / "index.html"
    write_bytes_atomic(page, (workspace.build / "dbt" / "static_index.html").read_bytes())
    return page
