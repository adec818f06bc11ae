"""Rooms import to the left only, and Dagster is known to this one alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_contracts_are_kept_when_the_imports_are_followed() -> None:
    from importlinter.cli import lint_imports

    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


def test_nothing_heavy_is_imported_when_help_is_shown() -> None:
    code = (
        "import sys\nfrom orchestration.cli import run\nassert run(['--help']) == 0\n"
        "heavy = {'dagster', 'dbt', 'duckdb', 'polars', 'pandas', 'great_expectations', 'pydantic', 'yaml'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, capture_output=True)


def test_great_expectations_and_dbt_stay_out_when_definitions_are_imported() -> None:
    code = (
        "import sys, orchestration.build\n"
        "heavy = {'dbt', 'great_expectations', 'polars', 'pandas', 'duckdb'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, capture_output=True)
