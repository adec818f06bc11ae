"""The words that every room shares: channels, statuses, types and PII classes.

The packaged `vocabulary.yml` is the base; a workspace may add words in a file of the same name, so that a channel
nobody foresaw is configuration and not code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints, create_model

from workspace.errors import ConfigError
from workspace.yaml_files import load_model, position_of, read_yaml

if TYPE_CHECKING:
    from workspace.workspace import Workspace

PACKAGED_FILE = Path(__file__).with_name("vocabulary.yml")
NO_CONSENT_CHANNEL = "none"
_Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", strict=True)]


class ChannelWord(BaseModel):
    """Describe one channel: what it is called, what kind it is, and which consent it needs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str
    medium: _Word
    is_paid: bool
    is_digital: bool
    consent_channel: _Word


@dataclass(frozen=True)
class Vocabulary:
    """The channels and the closed lists of words, packaged and workspace together."""

    version: str
    channels: Mapping[str, ChannelWord]
    lists: Mapping[str, tuple[str, ...]]

    def values(self, name: str) -> tuple[str, ...]:
        """Return the words of one list; `channels` gives the channel names.

        Raises:
            KeyError: there is no list of that name.
        """
        return tuple(self.channels) if name == "channels" else self.lists[name]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names that `values` knows."""
        return ("channels", *self.lists)


def load_vocabulary(workspace: Workspace | None = None) -> Vocabulary:
    """Return the packaged vocabulary, with the workspace's own words merged over it.

    Raises:
        ConfigError: the workspace's file names an unknown list or consent channel.
        ConfigErrors: the workspace's file is not well formed.
    """
    return read_vocabulary(workspace_vocabulary_file(workspace))


def workspace_vocabulary_file(workspace: Workspace | None) -> Path | None:
    """Return the workspace's own vocabulary file, or None when it has none."""
    file = workspace.root / "vocabulary.yml" if workspace else None
    return file if file and file.is_file() else None


def read_vocabulary(extra_file: Path | None) -> Vocabulary:
    """Return the packaged vocabulary merged with `extra_file`, reading that file again only when it changed."""
    if extra_file is None:
        return _packaged()
    return _merged(extra_file, extra_file.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _packaged() -> Vocabulary:
    document, _ = read_yaml(PACKAGED_FILE)
    lists = [name for name in document if name not in ("version", "channels")]
    content = load_model(PACKAGED_FILE, _file_model(lists))
    vocabulary = Vocabulary(
        version=content.version,
        channels=MappingProxyType(dict(content.channels)),
        lists=MappingProxyType({name: getattr(content, name) for name in lists}),
    )
    _check_consent_channels(vocabulary, PACKAGED_FILE)
    return vocabulary


@lru_cache(maxsize=8)
def _merged(file: Path, _modified: int) -> Vocabulary:
    base = _packaged()
    content = load_model(file, _file_model(list(base.lists)))
    lists = {name: tuple(dict.fromkeys((*words, *getattr(content, name)))) for name, words in base.lists.items()}
    merged = Vocabulary(
        version=base.version,
        channels=MappingProxyType({**base.channels, **content.channels}),
        lists=MappingProxyType(lists),
    )
    _check_consent_channels(merged, file)
    return merged


def _file_model(lists: list[str]) -> Any:
    fields: dict[str, Any] = dict.fromkeys(lists, (tuple[_Word, ...], ()))
    return create_model(
        "VocabularyFile",
        __config__=ConfigDict(extra="forbid"),
        version=(str, ""),
        channels=(dict[_Word, ChannelWord], {}),
        **fields,
    )


def _check_consent_channels(vocabulary: Vocabulary, file: Path) -> None:
    allowed = {NO_CONSENT_CHANNEL, *vocabulary.values("consent_channels")}
    for name, word in vocabulary.channels.items():
        if word.consent_channel not in allowed:
            at = ("channels", name, "consent_channel")
            line, column = position_of(at, read_yaml(file)[1]) or (None, None)
            raise ConfigError(
                f"channel {name!r} needs the unknown consent channel {word.consent_channel!r}",
                file=file,
                line=line,
                column=column,
                key=".".join(at),
                expected=f"one of {', '.join(sorted(allowed))}",
            )
