"""The model of feeds/*.yml: where a feed comes from and how its columns map to a contract."""

from __future__ import annotations

import codecs
import hashlib
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from data_contracts.vocabulary import workspace_vocabulary_file
from workspace.errors import ConfigError, ConfigErrors
from workspace.workspace import Workspace
from workspace.yaml_files import load_model

Scalar = str | bool | int | float | None
# What an editor may offer where one text stands for a list of one.
_Texts = str | list[str] | None
EPOCH_FORMATS = ("epoch_seconds", "epoch_milliseconds")
_SECRET_OPTION = re.compile(r"secret|password|token|key", re.IGNORECASE)


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _known_zone(value: str | None) -> str | None:
    if value is not None and value not in available_timezones():
        raise ValueError(f"unknown time zone {value!r}; use an IANA name such as America/Sao_Paulo")
    return value


def _one_kind_of_format(formats: list[str] | None) -> list[str] | None:
    zoned = {("%z" in text or "%Z" in text) for text in formats or []}
    if len(zoned) > 1 or (formats and len(formats) > 1 and set(formats) & set(EPOCH_FORMATS)):
        raise ValueError("formats with an offset (%z), without one, and epoch formats cannot be mixed in one list")
    return formats


class _Dialect(_Model):
    """What every kind of source may say about how its text is written."""

    decimal: Annotated[str, Field(pattern=r"^[.,]$")] = "."
    thousands: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    date_format: list[str] | None = None
    datetime_format: list[str] | None = None
    timezone: str | None = None
    null_values: list[str] = []

    _lists = field_validator("date_format", "datetime_format", mode="before", json_schema_input_type=_Texts)(_as_list)
    _zone = field_validator("timezone")(_known_zone)
    _formats = field_validator("date_format", "datetime_format")(_one_kind_of_format)

    @model_validator(mode="after")
    def _marks_differ(self) -> _Dialect:
        if self.thousands == self.decimal:
            raise ValueError("`thousands` and `decimal` must be different marks")
        return self


class FileSource(_Dialect):
    """Files in the workspace, or in an object store through fsspec."""

    type: Literal["file"]
    path: list[str]
    format: Literal["csv", "jsonl", "parquet"] = "csv"
    delimiter: str = ","
    quote: Annotated[str, Field(max_length=1)] = '"'
    encoding: str = "utf-8"
    header: bool = True
    names: list[str] | None = None
    skip_lines: Annotated[int, Field(ge=0, le=1000)] = 0
    options: dict[str, Any] = {}

    _paths = field_validator("path", mode="before", json_schema_input_type=_Texts)(_as_list)

    @field_validator("delimiter", mode="before", json_schema_input_type=str)
    @classmethod
    def _one_character(cls, value: Any) -> Any:
        value = {"tab": "\t", "\\t": "\t"}.get(value, value)
        if not isinstance(value, str) or len(value) != 1 or value in '"\n\r':
            raise ValueError("the delimiter is one character, or `tab`")
        return value

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            return codecs.lookup(value).name
        except LookupError:
            raise ValueError(f"unknown encoding {value!r}; for example utf-8, latin-1, cp1252, utf-16") from None

    @field_validator("options")
    @classmethod
    def _no_secrets(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name, option in value.items():
            if _SECRET_OPTION.search(name) and not str(option).startswith("env:"):
                raise ValueError(f"option {name!r} may hold a secret; write `env:NAME_OF_VARIABLE` instead")
        return value

    @model_validator(mode="after")
    def _names_without_header(self) -> FileSource:
        if self.format == "csv" and self.header == bool(self.names):
            raise ValueError("a CSV file has either a header line, or `header: false` with `names`")
        return self


class PostgresSource(_Dialect):
    """Rows of a query, from the last watermark on; the connection string comes from the environment only."""

    type: Literal["postgres"]
    dsn_env: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
    query: str
    watermark: str

    @property
    def format(self) -> str:
        """Return the format of the staged rows."""
        return "postgres"


class ColumnMapping(_Model):
    """How one contract column is filled."""

    column: str | None = None
    sql: str | None = None
    value: Scalar = None
    timezone: str | None = None
    format: list[str] | None = None
    map: dict[str, str | None] | None = None

    _formats_list = field_validator("format", mode="before", json_schema_input_type=_Texts)(_as_list)
    _formats = field_validator("format")(_one_kind_of_format)
    _zone = field_validator("timezone")(_known_zone)

    @field_validator("map", mode="before", json_schema_input_type=dict[str, Scalar])
    @classmethod
    def _text_keys(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        if any(isinstance(key, bool) or isinstance(word, bool) for key, word in value.items()):
            raise ValueError("YAML read a key or value as true/false; put it in quotes")
        return {str(key): None if word is None else str(word) for key, word in value.items()}

    @model_validator(mode="after")
    def _one_origin(self) -> ColumnMapping:
        given = [name for name in ("column", "sql", "value") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("give exactly one of `column`, `sql` or `value`")
        return self


class FeedLimits(_Model):
    """When one file of the feed is refused as a whole."""

    max_reject_percent: Annotated[float, Field(ge=0, le=100)] = 100


class FeedConfig(_Model):
    """One feeds/*.yml."""

    feed: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
    contract: str
    description: str | None = None
    source: Annotated[FileSource | PostgresSource, Field(discriminator="type")]
    columns: dict[str, ColumnMapping]
    defaults: dict[str, Scalar] = {}
    where: str | None = None
    group_by: Annotated[list[str], Field(min_length=1)] | None = None
    """Source columns whose values make one row: the source's rows are folded, and `sql` may aggregate."""
    limits: FeedLimits = FeedLimits()

    _group = field_validator("group_by", mode="before", json_schema_input_type=_Texts)(_as_list)

    @field_validator("columns", mode="before", json_schema_input_type=dict[str, str | ColumnMapping])
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: {"column": entry} if isinstance(entry, str) else entry for name, entry in value.items()}


@dataclass(frozen=True)
class Feed:
    """A feed configuration together with the file it was read from."""

    config: FeedConfig
    file: Path

    @property
    def name(self) -> str:
        """Return the feed's name."""
        return self.config.feed

    @property
    def mapped_names(self) -> frozenset[str]:
        """Return the contract columns that the feed fills."""
        return frozenset(self.config.columns) | frozenset(self.config.defaults)

    @property
    def file_source(self) -> FileSource:
        """Return the source of a feed of files.

        Raises:
            TypeError: the feed is a database query.
        """
        if not isinstance(self.config.source, FileSource):
            raise TypeError(f"{self.name} is not a feed of files")
        return self.config.source

    @property
    def query_source(self) -> PostgresSource:
        """Return the source of a feed that is a database query.

        Raises:
            TypeError: the feed is a feed of files.
        """
        if not isinstance(self.config.source, PostgresSource):
            raise TypeError(f"{self.name} is not a database query")
        return self.config.source

    @cached_property
    def mapping_hash(self) -> str:
        """Return the fingerprint of everything that decides how a source row becomes a lake row."""
        left_out: dict[str, Any] = {"description": True, "source": {"path", "options"}}
        rules = self.config.model_dump_json(exclude=left_out, exclude_defaults=True)
        return hashlib.sha256(rules.encode()).hexdigest()[:16]


def load_feeds(ws: Workspace, contract_name: str | None = None) -> list[Feed]:
    """Read and check all feeds/*.yml, and return those of one contract (or all), by name.

    Raises:
        ConfigErrors: every problem of every file, each with file, line, column and key.
    """
    files = tuple((path, path.read_bytes()) for path in sorted(ws.feeds_folder.glob("*.y*ml")))
    vocabulary = workspace_vocabulary_file(ws)
    feeds = _checked_feeds(ws, files, vocabulary.read_bytes() if vocabulary else b"")
    return [feed for feed in feeds if contract_name in (None, feed.config.contract)]


@lru_cache(maxsize=8)
def _checked_feeds(ws: Workspace, files: tuple[tuple[Path, bytes], ...], _vocabulary: bytes) -> tuple[Feed, ...]:
    """Check the feeds of a workspace once for each content of its files: a run asks for every contract."""
    from ingestion.feed_rules import check_against_contract

    feeds: list[Feed] = []
    problems: list[ConfigError] = []
    names: dict[str, Path] = {}
    for path, _ in files:
        try:
            config = load_model(path, FeedConfig)
        except ConfigErrors as errors:
            problems += errors.errors
            continue
        except ConfigError as error:
            problems.append(error)
            continue
        if config.feed in names:
            hint = f"The other one is {names[config.feed].name}"
            message = f"feed {config.feed!r} is defined twice"
            problems.append(ConfigError(message, file=path, key="feed", hint=hint))
        names[config.feed] = path
        feed = Feed(config, path)
        problems += check_against_contract(ws, feed)
        feeds.append(feed)
    if problems:
        raise ConfigErrors(problems)
    return tuple(sorted(feeds, key=lambda one: one.name))
