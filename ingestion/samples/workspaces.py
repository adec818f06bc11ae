"""A workspace that is ready to run: settings, feed mappings and the sample files."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from ingestion.samples.generating import SampleSummary, generate_samples
from ingestion.samples.locales import Locale, load_locale
from ingestion.samples.seasons import AS_OF
from workspace.atomic import write_text_atomic


def write_sample_workspace(folder: Path, *, people: int = 5000, seed: int = 7, locale: str = "BR") -> SampleSummary:
    """Write workspace.yml (unless there is one), feeds/*.yml, landing/ and truth/ below `folder`.

    Raises:
        ConfigError: landing or truth hold files already, or the locale is unknown.
    """
    country = load_locale(locale)
    summary = generate_samples(folder, people=people, seed=seed, locale=locale)
    if not (folder / "workspace.yml").exists():
        write_text_atomic(folder / "workspace.yml", _settings(country))
    for name, text in feed_files(country).items():
        write_text_atomic(folder / "feeds" / name, text)
    return summary


def feed_files(country: Locale) -> dict[str, str]:
    """Return the mapping of every sample feed as YAML text, by file name."""
    words = {
        "$CURRENCY": country.currency,
        "$COUNTRY": country.country,
        "$TIMEZONE": country.timezone,
        "$COMPLAINT_SITE": country.complaint_site,
    }
    mappings = {}
    for entry in sorted(files("ingestion.samples").joinpath("data/feeds").iterdir(), key=lambda one: one.name):
        if not entry.name.endswith(".yml"):
            continue
        text = entry.read_text(encoding="utf-8")
        for word, value in words.items():
            text = text.replace(word, value)
        mappings[entry.name] = text
    return mappings


def _settings(country: Locale) -> str:
    return (
        f"name: Loja Unificada {country.country}\ncountry: {country.country}\ncurrency: {country.currency}\n"
        f"timezone: {country.timezone}\nas_of: {AS_OF:%Y-%m-%dT%H:%M:%SZ}\n"
    )
