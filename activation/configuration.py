"""The models of audiences/*.yml, destinations.yml, syncs.yml and policy.yml."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from activation.transforms import TRANSFORMS

Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
EnvironmentName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
Percent = Annotated[Decimal, Field(ge=0, le=100)]
LOOPBACK = ("127.0.0.1", "::1", "localhost")
_SECRET_HEADER = re.compile(r"authorization|cookie|secret|token|key|signature", re.IGNORECASE)
_ORDER = re.compile(r"^(?P<column>[a-z][a-z0-9_]*)(?: (?P<direction>asc|desc))?$")


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HoldOut(_Model):
    """The share of the audience that is never contacted, so that the effect of the rest can be measured."""

    percent: Annotated[Decimal, Field(gt=0, lt=100)]
    salt: Annotated[str, Field(min_length=1, max_length=80)]


class Audience(_Model):
    """One audiences/*.yml: who is meant, for which purpose and on which channel."""

    name: Slug
    description: Annotated[str, Field(min_length=1)]
    where: Annotated[str, Field(min_length=1)]
    purpose: str
    channel: str
    holdout: HoldOut | None = None
    limit: Annotated[int, Field(ge=1)] | None = None
    order_by: list[str] = []

    @field_validator("order_by")
    @classmethod
    def _column_and_direction(cls, value: list[str]) -> list[str]:
        for item in value:
            if not _ORDER.match(item):
                raise ValueError(f"{item!r} is not a column with an optional asc or desc")
        return value

    @model_validator(mode="after")
    def _limit_has_an_order(self) -> Audience:
        if self.limit and not self.order_by:
            raise ValueError("`limit` without `order_by` would pick people by chance; say who comes first")
        return self


class FileDestination(_Model):
    """Files below exports/: one folder for each delivery, with a manifest."""

    type: Literal["file"]
    folder: Annotated[str, Field(pattern=r"^[A-Za-z0-9_\-]+(/[A-Za-z0-9_\-]+)*$")] | None = None
    format: Literal["csv", "jsonl"] = "csv"
    delimiter: Literal[",", ";", "|", "tab"] = ","
    contents: Annotated[list[Literal["full", "delta"]], Field(min_length=1)] = ["full", "delta"]


class RetrySettings(_Model):
    """How long one batch is tried again after 408, 409, 425, 429, a 5xx or no answer."""

    attempts: Annotated[int, Field(ge=1, le=20)] = 5
    first_wait_seconds: Annotated[float, Field(gt=0, le=600)] = 1
    longest_wait_seconds: Annotated[float, Field(gt=0, le=3600)] = 60
    longest_retry_after_seconds: Annotated[float, Field(gt=0, le=3600)] = 300


class HttpDestination(_Model):
    """An HTTP endpoint that takes batches of rows as JSON; secrets are names of environment variables."""

    type: Literal["http"]
    url: str
    remove_url: str | None = None
    max_rows: Annotated[int, Field(ge=1, le=100_000)] = 500
    max_bytes: Annotated[int, Field(ge=1_000, le=100_000_000)] = 1_000_000
    timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 30
    bearer_token_env: EnvironmentName | None = None
    signing_secret_env: EnvironmentName | None = None
    headers: dict[str, str] = {}
    secret_headers: dict[str, EnvironmentName] = {}
    retry: RetrySettings = RetrySettings()

    @field_validator("url", "remove_url")
    @classmethod
    def _safe_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("not an http(s) address")
        if parts.username or parts.password:
            raise ValueError(
                "the address holds credentials; name an environment variable in `bearer_token_env` instead"
            )
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise ValueError("personal data is sent over https only; http is for this machine's own loopback")
        return value

    @field_validator("headers")
    @classmethod
    def _no_secrets(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if _SECRET_HEADER.search(name):
                raise ValueError(
                    f"header {name!r} looks like a secret; put it under `secret_headers` with a variable name"
                )
        return value


Destination = Annotated[FileDestination | HttpDestination, Field(discriminator="type")]


class DestinationsFile(_Model):
    """destinations.yml: where rows may be sent."""

    destinations: dict[Slug, Destination] = {}


class FieldMapping(_Model):
    """How one column of the export is filled."""

    column: str | None = None
    value: str | bool | int | None = None
    transform: str | None = None

    @field_validator("transform")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value is not None and value not in TRANSFORMS:
            raise ValueError(f"unknown transform {value!r}; one of {', '.join(TRANSFORMS)}")
        return value

    @model_validator(mode="after")
    def _one_origin(self) -> FieldMapping:
        if (self.column is None) == (self.value is None):
            raise ValueError("give exactly one of `column` or `value`")
        return self


class Sync(_Model):
    """One audience kept up to date at one destination."""

    audience: str
    destination: str
    contract: str
    behaviour: Literal["mirror", "upsert", "add_only"] = "mirror"
    """mirror adds, changes and removes; upsert adds and changes; add_only adds. An opt-out is removed by all three."""
    key: Annotated[list[str], Field(min_length=1)] = ["customer_id"]
    fields: Annotated[dict[Slug, FieldMapping], Field(min_length=1)]
    max_remove_percent: Percent = Decimal(30)
    """Share of the members that one run may remove, opt-outs apart, before the sync stops itself."""
    max_change_percent: Percent = Decimal(100)
    """Share of the members that one run may change before the sync stops itself; planned refreshes do not count."""
    refresh_after_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    max_attempts: Annotated[int, Field(ge=1, le=1000)] = 5
    """Runs in which the same row may be refused before it rests until its data change."""

    @field_validator("fields", mode="before", json_schema_input_type=dict[Slug, str | FieldMapping])
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: {"column": entry} if isinstance(entry, str) else entry for name, entry in value.items()}

    @model_validator(mode="after")
    def _key_is_sent(self) -> Sync:
        missing = [name for name in self.key if name not in self.fields]
        if missing:
            raise ValueError(f"key column {missing[0]!r} is not among the fields")
        return self


class SyncsFile(_Model):
    """syncs.yml: which audience goes where."""

    syncs: dict[Slug, Sync] = {}


class FrequencyCap(_Model):
    """At most so many outbound contacts of one person in a rolling window; `all` counts every channel together."""

    channel: str = "all"
    max_contacts: Annotated[int, Field(ge=1, le=1000)]
    days: Annotated[int, Field(ge=1, le=365)]
    purposes: Annotated[list[str], Field(min_length=1)] = ["marketing"]


class Policy(_Model):
    """policy.yml: what holds for every sync."""

    legal_bases: dict[str, list[str]] = {}
    """Legal bases accepted for a purpose; every basis is accepted for a purpose that is not named."""
    exempt_suppressions: dict[str, list[Literal["hard_bounce", "open_complaint"]]] = {}
    """Suppressions that a purpose may ignore: a service message may reach someone with an open complaint."""
    frequency_caps: list[FrequencyCap] = []
