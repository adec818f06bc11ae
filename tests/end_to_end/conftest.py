"""Whole runs of small sample companies, carried out without Dagster."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sample_company import run

PEOPLE, SEED = 150, 11


@pytest.fixture(scope="session")
def sample_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with every sample feed, audiences and a sync to files; nothing has run in it."""
    from orchestration.demonstration import prepare

    folder = tmp_path_factory.mktemp("sample") / "company"
    prepare(folder, people=PEOPLE, seed=SEED, country="BR", tell=lambda _text: None)
    return folder


@pytest.fixture(scope="session")
def finished_folder(sample_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample company after one run that passed; tests that change it take a copy."""
    folder = tmp_path_factory.mktemp("finished") / "company"
    shutil.copytree(sample_folder, folder)
    assert run(folder) == "pass"
    return folder


@pytest.fixture
def fresh(sample_folder: Path, tmp_path: Path) -> Path:
    """A copy of the sample company in which nothing has run."""
    return Path(shutil.copytree(sample_folder, tmp_path / "company", symlinks=True))


@pytest.fixture
def finished(finished_folder: Path, tmp_path: Path) -> Path:
    """A copy of the sample company after its first run."""
    return Path(shutil.copytree(finished_folder, tmp_path / "company", symlinks=True))
