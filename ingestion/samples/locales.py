"""Names, places and placeholders of a country, read from the package's YAML."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from workspace.errors import ConfigError

LOCALES = ("BR", "PT", "ES")


@dataclass(frozen=True)
class City:
    """A city with its area code, the range of its postal prefixes and how often people live there."""

    name: str
    state_code: str
    area_code: int
    first_prefix: int
    last_prefix: int
    weight: float


@dataclass(frozen=True)
class Locale:
    """What differs from country to country."""

    country: str
    currency: str
    timezone: str
    utc_offset_hours: int
    calling_code: str
    father_surname_last: bool
    female: tuple[str, ...]
    male: tuple[str, ...]
    surnames: tuple[str, ...]
    particles: dict[str, float]
    suffixes: tuple[str, ...]
    nicknames: dict[str, str]
    street_types: dict[str, str]
    streets: tuple[str, ...]
    districts: tuple[str, ...]
    flat_words: tuple[str, ...]
    mail_domains: dict[str, float]
    work_domain: str
    company_words: tuple[str, ...]
    company_forms: tuple[str, ...]
    placeholder_names: tuple[str, ...]
    placeholder_phones: tuple[str, ...]
    placeholder_emails: tuple[str, ...]
    placeholder_documents: tuple[str, ...]
    store_email: str
    store_phone: str
    complaint_site: str
    cities: tuple[City, ...]


@cache
def load_locale(country: str) -> Locale:
    """Return the locale of a country.

    Raises:
        ConfigError: there is none.
    """
    if country not in LOCALES:
        raise ConfigError(f"there are no sample names for {country!r}", expected=f"one of {', '.join(LOCALES)}")
    text = files("ingestion.samples").joinpath(f"data/locale_{country.lower()}.yml").read_text(encoding="utf-8")
    raw: dict[str, Any] = yaml.safe_load(text)
    cities = tuple(City(*row) for row in raw.pop("cities"))
    frozen: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in raw.items()}
    return Locale(**frozen, cities=cities)
