"""Declared segments: what is refused, and how the person who wrote it hears of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbt_project.segments import load_segments
from workspace.errors import ConfigErrors
from workspace.workspace import Workspace


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    (tmp_path / "workspace.yml").write_text("name: Test shop\n")
    (tmp_path / "segments").mkdir()
    return Workspace.open(tmp_path)


def _write(ws: Workspace, name: str, where: str, segment: str | None = None) -> None:
    text = f'segment: {segment or name}\ndescription: What it means.\nwhere: "{where}"\n'
    (ws.root / "segments" / f"{name}.yml").write_text(text)


def test_segments_come_in_order_of_their_names(ws: Workspace) -> None:
    _write(ws, "b", "order_count > 3")
    _write(ws, "a", "city = 'Santos' and can_email")
    assert [segment.segment for segment in load_segments(ws)] == ["a", "b"]


def test_no_folder_means_no_segments(tmp_path: Path) -> None:
    (tmp_path / "workspace.yml").write_text("name: Test shop\n")
    assert load_segments(Workspace.open(tmp_path)) == []


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("net_revenu_amount > 1", "net_revenue_amount"),
        ("customer_id in (select customer_id from marts.dim_customers)", "subquery"),
        ("segment_names = 'a'", "unknown column 'segment_names'"),
        ("order_count > 1; drop table x", "no `;`"),
        ("read_text('/etc/passwd') is null", "not allowed"),
    ],
)
def test_expression_is_refused_when_it_is_more_than_an_expression(ws: Workspace, where: str, says: str) -> None:
    _write(ws, "wrong", where)
    with pytest.raises(ConfigErrors) as error:
        load_segments(ws)
    assert says in str(error.value) and "wrong.yml:3" in str(error.value)


def test_every_problem_is_told_at_once_when_two_files_are_wrong(ws: Workspace) -> None:
    _write(ws, "one", "no_such_column > 1")
    _write(ws, "two", "order_count > 1", segment="Not A Name")
    _write(ws, "three", "order_count > 1", segment="same")
    _write(ws, "four", "order_count > 1", segment="same")
    with pytest.raises(ConfigErrors) as error:
        load_segments(ws)
    assert len(error.value.errors) == 3
    assert "stands in four.yml too" in str(error.value)
