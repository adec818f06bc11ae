"""What `unavista init` writes is valid, complete and never overwrites."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from orchestration.configuration import check_configuration
from orchestration.scaffolding import configuration_models, link_schemas, scaffold, write_schemas
from workspace.errors import ConfigError, ConfigErrors
from workspace.workspace import Workspace


def test_new_workspace_is_valid_when_it_is_scaffolded(shop: Workspace) -> None:
    check_configuration(shop)
    assert shop.settings.name == "Test Shop" and shop.settings.currency == "BRL"
    assert "$" not in (shop.root / "workspace.yml").read_text(encoding="utf-8").replace("$schema", "")


@pytest.mark.parametrize(("country", "currency"), [("PT", "EUR"), ("ES", "EUR"), ("ZZ", "USD")])
def test_currency_and_zone_follow_when_a_country_is_given(tmp_path: Path, country: str, currency: str) -> None:
    scaffold(tmp_path, name="Loja", country=country)
    settings = Workspace.open(tmp_path).settings
    assert (settings.country, settings.currency) == (country, currency)


def test_unknown_country_is_refused_when_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="BR, PT, ES, ZZ"):
        scaffold(tmp_path, name="Shop", country="FR")


def test_file_stays_when_it_exists(tmp_path: Path) -> None:
    (tmp_path / "policy.yml").write_text("frequency_caps: []\n", encoding="utf-8")
    written = scaffold(tmp_path, name="Shop")
    assert tmp_path / "policy.yml" not in written
    assert (tmp_path / "policy.yml").read_text(encoding="utf-8").endswith("frequency_caps: []\n")


def test_yaml_obeys_the_schema_it_names_when_scaffolded(shop: Workspace) -> None:
    named = 0
    for file in [*shop.root.glob("*.yml"), *shop.root.glob("*/*.yml")]:
        first, text = file.read_text(encoding="utf-8").split("\n", 1)
        schema = (file.parent / first.removeprefix("# yaml-language-server: $schema=")).resolve()
        jsonschema.validate(yaml.safe_load(text) or {}, json.loads(schema.read_text(encoding="utf-8")))
        named += 1
    assert named == len({one.relative_to(shop.root) for one in shop.root.rglob("*.yml")})
    assert {one.stem for one in (shop.root / ".schemas").iterdir()} == set(configuration_models())


def test_schema_refuses_a_misspelt_key_when_an_editor_checks(shop: Workspace) -> None:
    schema = json.loads((shop.root / ".schemas" / "workspace.json").read_text(encoding="utf-8"))
    with pytest.raises(jsonschema.ValidationError, match="nmae"):
        jsonschema.validate({"name": "x", "nmae": "y"}, schema)


def test_nothing_changes_when_schemas_are_written_again(shop: Workspace) -> None:
    before = {file: file.read_bytes() for file in shop.root.rglob("*") if file.is_file()}
    assert write_schemas(shop.root) == []
    link_schemas(shop.root)
    assert {file: file.read_bytes() for file in shop.root.rglob("*") if file.is_file()} == before


def test_example_of_a_feed_is_valid_when_it_is_renamed(shop: Workspace) -> None:
    example = shop.root / "feeds" / "crm_customers.yml.example"
    example.rename(example.with_suffix(""))
    check_configuration(shop)


def test_every_mistake_is_told_at_once_when_several_files_are_wrong(shop: Workspace) -> None:
    (shop.root / "segments" / "a.yml").write_text(
        "segment: a\ndescription: x\nwhere: order_cuont > 1\n", encoding="utf-8"
    )
    (shop.root / "feeds" / "b.yml").write_text("feed: b\ncontract: stores\n", encoding="utf-8")
    (shop.root / "policy.yml").write_text("frequency_cap: []\n", encoding="utf-8")
    (shop.root / "identity.yml").write_text("disable_rules: [no_such_rule]\n", encoding="utf-8")
    with pytest.raises(ConfigErrors) as caught:
        check_configuration(shop)
    told = str(caught.value)
    for part in ("a.yml:3:", "order_count", "b.yml:", "policy.yml:1:", "frequency_cap", "no_such_rule"):
        assert part in told, part
