"""identity.yml: defaults stand, changes are laid over them, and a rule that would merge too much is refused."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from identity.configuration import IdentityConfig, Rule, load_identity_config
from workspace.errors import ConfigError, ConfigErrors


def test_defaults_are_valid_and_strongest_first():
    config = load_identity_config()
    weights = [rule.weight for rule in config.active_rules]
    assert weights == sorted(weights, reverse=True) and len(weights) >= 12
    assert [config.guards[kind].max_names for kind in ("document", "email", "phone")] == [3, 4, 5]


@pytest.mark.parametrize("on", [("email",), ("document",), ("device",), ("postal_code", "street_number")])
def test_an_identifier_alone_never_merges(on):
    with pytest.raises(ValidationError, match="alone"):
        Rule(name="too_loose", weight=10, on=on, when=("no_document_conflict",))


def test_workspace_changes_are_laid_over_the_defaults(lake):
    (lake.ws.root / "identity.yml").write_text(
        "guards:\n  email: {max_names: 2}\n"
        "blocklist:\n  email: ['.*@loja\\.com\\.br']\n"
        "disable_rules: [same_device]\n"
        "rules:\n  - {name: same_account, weight: 12, 'on': [account], when: [same_given_name]}\n"
    )
    config = load_identity_config(lake.ws)
    base = load_identity_config()
    assert config.guards["email"].max_names == 2 and config.guards["phone"] == base.guards["phone"]
    assert config.blocklist["email"][:-1] == base.blocklist["email"]
    names = [rule.name for rule in config.active_rules]
    assert "same_device" not in names and names[-1] == "same_account"
    assert isinstance(config, IdentityConfig)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("guards:\n  emial: {max_names: 2}\n", "emial"),
        ("unknown: 1\n", "unknown key"),
        ("rules:\n  - {name: x_y_z, weight: 1, 'on': [email]}\n", "alone"),
        ("max_cluster_profiles: many\n", "max_cluster_profiles"),
    ],
)
def test_mistakes_are_named_with_their_line(lake, text, message):
    (lake.ws.root / "identity.yml").write_text(text)
    with pytest.raises(ConfigErrors, match=message) as caught:
        load_identity_config(lake.ws)
    assert caught.value.errors[0].line is not None


def test_patterns_and_disabled_names_are_checked(lake):
    (lake.ws.root / "identity.yml").write_text("blocklist:\n  email: ['(']\n")
    with pytest.raises(ConfigErrors, match="regular expression"):
        load_identity_config(lake.ws)
    (lake.ws.root / "identity.yml").write_text("disable_rules: [no_such_rule]\n")
    with pytest.raises(ConfigError, match="no_such_rule"):
        load_identity_config(lake.ws)
