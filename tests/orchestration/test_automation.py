"""The sensor: a file that has stopped changing starts one run, and nothing else does."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg
import pytest

from orchestration.automation import landing_digest, landing_sensor
from workspace.workspace import Workspace


def tick(shop: Workspace, cursor: str | None) -> tuple[list[str], str | None]:
    """Evaluate the sensor once and return the run keys it asks for and its cursor."""
    context = dg.build_sensor_context(cursor=cursor)
    data = landing_sensor(shop).evaluate_tick(context)
    return [one.run_key or "" for one in data.run_requests or ()], data.cursor or cursor


def drop(shop: Workspace, name: str, text: str = "a;b\n") -> Path:
    path = shop.landing / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_nothing_starts_when_the_folder_is_empty(shop: Workspace) -> None:
    assert tick(shop, None) == ([], None)


def test_one_run_starts_when_a_dropped_file_stops_changing(shop: Workspace) -> None:
    drop(shop, "pos/a.csv")
    keys, cursor = tick(shop, None)
    assert keys == [] and cursor is not None
    keys, cursor = tick(shop, cursor)
    assert len(keys) == 1
    assert tick(shop, cursor) == ([], cursor)


def test_run_waits_when_the_file_is_still_being_written(shop: Workspace) -> None:
    path = drop(shop, "pos/a.csv")
    _, cursor = tick(shop, None)
    path.write_text("a;b\n1;2\n", encoding="utf-8")
    keys, cursor = tick(shop, cursor)
    assert keys == []
    keys, _ = tick(shop, cursor)
    assert len(keys) == 1


def test_another_run_starts_when_another_file_comes(shop: Workspace) -> None:
    drop(shop, "pos/a.csv")
    _, cursor = tick(shop, None)
    first, cursor = tick(shop, cursor)
    drop(shop, "pos/b.csv")
    _, cursor = tick(shop, cursor)
    second, _ = tick(shop, cursor)
    assert len(second) == 1 and second != first


@pytest.mark.parametrize("name", ["activation/sent.jsonl", "pos/.a.csv.123.part", "pos/a.csv.part", "_tmp.csv"])
def test_file_does_not_count_when_it_is_our_own_or_unfinished(shop: Workspace, name: str) -> None:
    drop(shop, name)
    assert landing_digest(shop) is None


def test_digest_changes_when_only_the_time_does(shop: Workspace) -> None:
    path = drop(shop, "pos/a.csv")
    before = landing_digest(shop)
    os.utime(path, ns=(1, 1))
    assert landing_digest(shop) != before
