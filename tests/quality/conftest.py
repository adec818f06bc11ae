"""The small house as fixtures; it is built once and copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import small_house

import data_contracts.loader as loader
from workspace.workspace import Workspace


@contextmanager
def moved_in(contracts: Path) -> Iterator[None]:
    real = loader.CONTRACTS_FOLDER
    small_house.move_in(contracts)
    try:
        yield
    finally:
        small_house.move_in(real)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the small house's contracts and a workspace that is landed, resolved and built."""
    folder = tmp_path_factory.mktemp("template")
    with moved_in(small_house.write_contracts(folder / "contracts")):
        ws = small_house.open_workspace(folder / "shop")
        small_house.land_all(ws, small_house.FIRST)
        small_house.resolve(ws)
        small_house.build(ws)
    return folder


@pytest.fixture
def house(template: Path) -> Iterator[Path]:
    """Use the small house's contracts for the length of a test."""
    with moved_in(template / "contracts"):
        yield template


@pytest.fixture
def ws(house: Path, tmp_path: Path) -> Workspace:
    """An empty workspace in the small house."""
    return small_house.open_workspace(tmp_path / "shop")


@pytest.fixture
def built(house: Path, tmp_path: Path) -> Workspace:
    """A workspace whose first run is landed, resolved and built, and waits for its audit."""
    shutil.copytree(house / "shop", tmp_path / "shop")
    return Workspace.open(tmp_path / "shop")
