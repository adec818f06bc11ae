"""The shared words, and the words that a workspace adds."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_contracts.loader import load_contract
from data_contracts.vocabulary import load_vocabulary
from workspace.errors import ConfigError, ConfigErrors
from workspace.workspace import Workspace

KIOSK = """channels:
  kiosk: {label: Kiosk, medium: presence, is_paid: false, is_digital: true, consent_channel: none}
contact_types: [complaint, thanks]
"""


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    (tmp_path / "workspace.yml").write_text("name: shop\n", encoding="utf-8")
    return Workspace.open(tmp_path)


def test_packaged_words_are_given_when_there_is_no_workspace() -> None:
    words = load_vocabulary()
    assert words.values("contact_types") == ("praise", "information", "complaint", "suggestion", "request")
    assert words.channels["sms"].consent_channel == "sms"
    assert "email" in words.values("channels")
    with pytest.raises(KeyError):
        words.values("chanels")


def test_workspace_words_are_added_when_it_has_a_vocabulary(shop: Workspace) -> None:
    (shop.root / "vocabulary.yml").write_text(KIOSK, encoding="utf-8")
    words = load_vocabulary(shop)
    assert words.channels["kiosk"].medium == "presence"
    assert words.values("contact_types")[-2:] == ("request", "thanks")
    assert "kiosk" not in load_vocabulary().channels
    assert "kiosk" in (load_contract("feeds", "crm_service_contacts", shop).column("channel").enum or ())
    assert "kiosk" not in (load_contract("feeds", "crm_service_contacts").column("channel").enum or ())


def test_words_are_read_again_when_the_file_changed(shop: Workspace) -> None:
    file = shop.root / "vocabulary.yml"
    assert load_vocabulary(shop) is load_vocabulary()
    file.write_text(KIOSK, encoding="utf-8")
    assert "kiosk" in load_vocabulary(shop).channels


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("chanels: {}\n", "unknown key 'chanels'"),
        ("contact_types: [Thank you]\n", "pattern"),
        ("genders: [yes]\n", "string"),
        ("channels: {kiosk: {label: Kiosk}}\n", "missing key 'medium'"),
        (
            KIOSK.replace("consent_channel: none", "consent_channel: eye_contact"),
            "unknown consent channel 'eye_contact'",
        ),
    ],
)
def test_workspace_words_are_refused_with_their_line_when_wrong(shop: Workspace, text: str, message: str) -> None:
    (shop.root / "vocabulary.yml").write_text(text, encoding="utf-8")
    with pytest.raises((ConfigError, ConfigErrors), match=message) as caught:
        load_vocabulary(shop)
    first = caught.value.errors[0] if isinstance(caught.value, ConfigErrors) else caught.value
    assert first.line in (1, 2)
