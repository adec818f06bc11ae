"""survivorship.yml: what is refused, what the shipped rules are, and that the marts follow a changed one."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
import yaml
from conftest import AS_OF, Shop

from dbt_project.building import PROJECT, build
from dbt_project.survivorship import Survivorship, load_survivorship
from workspace.errors import ConfigErrors
from workspace.runs import Run
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
        ("rules:\n  income: verified\n", r"survivorship\.yml:2.*most_recent"),
        ("rules:\n  shoe_size: verified\n", r"survivorship\.yml:2.*shoe_size"),
        ("trusted_sources: [crm, shop, crm]\n", r"survivorship\.yml:1.*named twice: crm"),
        ("trusted_sources: ['a\\b']\n", r"survivorship\.yml:1"),
    ],
)
def test_mistake_is_told_with_its_line(ws: Workspace, text: str, says: str) -> None:
    (ws.root / "survivorship.yml").write_text(text)
    with pytest.raises(ConfigErrors, match=says):
        load_survivorship(ws)


def test_changed_rule_is_built_when_nothing_else_changed(ws: Workspace) -> None:
    from quality.fingerprint import input_fingerprint

    run = Run.at(AS_OF)
    before = input_fingerprint(ws, run)
    (ws.root / "survivorship.yml").write_text("rules: {gender: most_recent}\n")
    assert input_fingerprint(ws, run) != before


@pytest.mark.slow
def test_mart_follows_the_declared_rule_and_says_which(tmp_path: Path) -> None:
    shop = Shop.open(tmp_path)
    said = {"person_name": "Ana Lima Prado", "email": "ana@mail.example"}
    crm = {"source_system": "crm", "source_customer_id": "1", "gender": "female", "updated_at": datetime(2025, 1, 1)}
    till = {"source_system": "till", "source_customer_id": "2", "gender": "male", "updated_at": datetime(2025, 6, 1)}
    shop.land("crm_customers", [said | crm, said | till])
    shop.resolve()
    for text, gender, rule in (
        ("trusted_sources: [crm]\n", "female", "most_trusted"),
        ("trusted_sources: [till]\n", "male", "most_trusted"),
        ("trusted_sources: [crm]\nrules: {gender: most_recent}\n", "male", "most_recent"),
    ):
        (shop.ws.root / "survivorship.yml").write_text(text)
        build(shop.ws, shop.run, select=["+dim_customers"])
        assert shop.query("select gender, gender_rule from marts.dim_customers") == [(gender, rule)], text
