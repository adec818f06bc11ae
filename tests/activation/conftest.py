"""Give each test a tiny shop and a receiving server; what they are made of stands beside this file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from activation_shop import SOURCES, Shop, new_shop
from receiving_server import Receiver


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr("activation.loading.load_sources", lambda ws=None: SOURCES)
    return new_shop(tmp_path / "shop")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.close()
    assert server.violations == []
