"""Give each test a tiny shop; what it is made of stands in activation_shop.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from activation_shop import SOURCES, Shop, new_shop


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr("activation.loading.load_sources", lambda ws=None: SOURCES)
    return new_shop(tmp_path / "shop")
