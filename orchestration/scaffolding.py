"""Write a new workspace: configuration to start from, and the schemas with which editors complete it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workspace.atomic import write_text_atomic
from workspace.errors import ConfigError

if TYPE_CHECKING:
    from pydantic import BaseModel

_TEMPLATES = Path(__file__).with_name("templates")
_FOLDERS = ("landing", "feeds", "segments", "audiences")
COUNTRIES = {
    "BR": ("BRL", "America/Sao_Paulo"),
    "PT": ("EUR", "Europe/Lisbon"),
    "ES": ("EUR", "Europe/Madrid"),
    "ZZ": ("USD", "UTC"),
}
# Which schema a file of the workspace follows: by its folder, or by its own name.
_SCHEMA_OF = {
    "workspace.yml": "workspace",
    "identity.yml": "identity",
    "survivorship.yml": "survivorship",
    "destinations.yml": "destinations",
    "syncs.yml": "syncs",
    "policy.yml": "policy",
    "feeds": "feed",
    "segments": "segment",
    "audiences": "audience",
}


def scaffold(folder: Path, *, name: str, country: str = "BR") -> list[Path]:
    """Write the configuration of a new workspace and return the files written; files that exist stay as they are.

    Raises:
        ConfigError: the country is not known.
    """
    if country not in COUNTRIES:
        raise ConfigError(f"unknown country {country!r}", expected=f"one of {', '.join(COUNTRIES)}")
    currency, zone = COUNTRIES[country]
    words = {"$NAME": name, "$COUNTRY": country, "$CURRENCY": currency, "$TIMEZONE": zone}
    written = []
    for part in _FOLDERS:
        (folder / part).mkdir(parents=True, exist_ok=True)
    for relative, text in _files().items():
        target = folder / relative
        if target.exists():
            continue
        write_text_atomic(target, _filled(text, words))
        written.append(target)
    write_schemas(folder)
    link_schemas(folder)
    return written


def _filled(text: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(word, value)
    return text


def _files() -> dict[str, str]:
    from activation.scaffolding import scaffold_files

    files = dict(scaffold_files())
    for path in sorted(_TEMPLATES.rglob("*")):
        if path.is_file():
            relative = path.relative_to(_TEMPLATES).as_posix()
            files[".gitignore" if relative == "gitignore" else relative] = path.read_text(encoding="utf-8")
    return files


def write_schemas(folder: Path) -> list[Path]:
    """Write the JSON Schema of every configuration file to .schemas/, and return those that changed."""
    from data_contracts.json_schemas import write_json_schema

    target = folder / ".schemas"
    return [
        target / f"{name}.json"
        for name, model in configuration_models().items()
        if write_json_schema(model, target / f"{name}.json")
    ]


def configuration_models() -> dict[str, type[BaseModel]]:
    """Return the model of every configuration file, by the name of its schema."""
    from activation.configuration import Audience, DestinationsFile, Policy, SyncsFile
    from dbt_project.segments import Segment
    from dbt_project.survivorship import Survivorship
    from identity.configuration import _WorkspaceFile as IdentityFile
    from ingestion.feeds import FeedConfig
    from workspace.settings import WorkspaceSettings

    return {
        "workspace": WorkspaceSettings,
        "feed": FeedConfig,
        "identity": IdentityFile,
        "survivorship": Survivorship,
        "segment": Segment,
        "audience": Audience,
        "destinations": DestinationsFile,
        "syncs": SyncsFile,
        "policy": Policy,
    }


def link_schemas(folder: Path) -> None:
    """Name the schema in the first line of every configuration file that does not name one yet."""
    for file in sorted([*folder.glob("*.y*ml"), *folder.glob("*/*.y*ml")]):
        parts = file.relative_to(folder).parts
        schema = _SCHEMA_OF.get(parts[0])
        text = file.read_text(encoding="utf-8")
        if schema is None or text.startswith("# yaml-language-server:"):
            continue
        above = "../" * (len(parts) - 1)
        write_text_atomic(file, f"# yaml-language-server: $schema={above}.schemas/{schema}.json\n{text}")
