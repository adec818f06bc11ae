"""survivorship.yml: what is refused, and that the shipped rules are the same in the file's model and in the project."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from dbt_project.building import PROJECT
from dbt_project.survivorship import Survivorship, load_survivorship
from workspace.errors import ConfigErrors
from workspace.workspace import Workspace


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    (tmp_path / "workspace.yml").write_text("name: Test shop\n")
    return Workspace.open(tmp_path)


def test_shipped_rules_are_those_the_project_is_parsed_with(ws: Workspace) -> None:
    project = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())
    assert load_survivorship(ws).as_variable() == project["vars"]["survivorship"]


def test_one_rule_changes_and_the_others_stay(ws: Workspace) -> None:
    (ws.root / "survivorship.yml").write_text("trusted_sources: [shop, crm]\nrules: {email: verified}\n")
    loaded = load_survivorship(ws)
    assert loaded.trusted_sources == ("shop", "crm")
    assert loaded.rules == Survivorship().rules.model_copy(update={"email": "verified"})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rules:\n  email: newest\n", r"survivorship\.yml:2.*most_recent"),
        ("rules:\n  shoe_size: verified\n", r"survivorship\.yml:2.*shoe_size"),
        ("trusted_sources: [crm, shop, crm]\n", r"survivorship\.yml:1.*named twice: crm"),
        ("trusted_sources: ['a\\b']\n", r"survivorship\.yml:1"),
    ],
)
def test_mistake_is_told_with_its_line(ws: Workspace, text: str, says: str) -> None:
    (ws.root / "survivorship.yml").write_text(text)
    with pytest.raises(ConfigErrors, match=says):
        load_survivorship(ws)
