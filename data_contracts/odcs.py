"""Check a contract file: first against the published ODCS JSON Schema, then against the rules of this house.

The standard leaves names, classes and custom properties free, and a misspelt `vocabluary` would silently drop a rule;
so everything this code reads is checked to be one of the things it knows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_contracts.physical_types import PHYSICAL_TYPES_OF, carries, physical_type
from data_contracts.quality_rules import rule_problem
from workspace.errors import ConfigError, ConfigErrors
from workspace.yaml_files import position_of, read_yaml

if TYPE_CHECKING:
    from data_contracts.vocabulary import Vocabulary

TABLE_OPTIONS: Mapping[str, tuple[str, ...] | None] = {
    "feeds": ("personRole", "versionColumn", "eventTimeColumn", "maxRejectPercent"),
    "products": ("grain", "eventTimeColumn"),
    # What an export declares belongs to activation, which validates it.
    "exports": None,
}
COLUMN_OPTIONS = ("vocabulary",)
PERSON_ROLES = ("master", "reference", "none")
SENSITIVE_CLASSES = ("confidential", "restricted")
_NAME = re.compile(r"^[a-z][a-z0-9_]*$")

KeyPath = tuple[str | int, ...]
Problem = tuple[KeyPath, str, str | None]


def read_odcs(file: Path, kind: str, vocabulary: Vocabulary, *, known_good: bool = False) -> dict[str, Any]:
    """Return the parsed contract; one that is `known_good` is held to the house rules only.

    Raises:
        ConfigError: the file is missing or not YAML.
        ConfigErrors: every breach of the standard, or else of the house rules, with file, line and path.
    """
    document, positions = read_yaml(file)
    problems = [] if known_good else list(_schema_problems(document))
    problems = problems or list(_house_problems(document, file.stem, kind, vocabulary))
    if problems:
        raise ConfigErrors([_as_error(file, positions, problem) for problem in problems])
    return dict(document)


def _as_error(file: Path, positions: dict[tuple[str, ...], tuple[int, int]], problem: Problem) -> ConfigError:
    at, message, expected = problem
    line, column = position_of(at, positions) or (None, None)
    key = ".".join(str(part) for part in at)
    return ConfigError(message, file=file, line=line, column=column, key=key or None, expected=expected)


@lru_cache(maxsize=1)
def _validator() -> Any:
    from jsonschema import Draft201909Validator

    schema = json.loads((files("open_data_contract_standard") / "schema.json").read_text(encoding="utf-8"))
    return Draft201909Validator(schema)


def _schema_problems(document: Any) -> Iterator[Problem]:
    seen: set[tuple[KeyPath, str]] = set()
    for error in sorted(_validator().iter_errors(document), key=lambda error: [str(part) for part in error.path]):
        at = tuple(error.path)
        for extra in _unexpected_names(error):
            if (at, extra) not in seen:
                seen.add((at, extra))
                yield (*at, extra), f"unknown property {extra!r}", "a property of the Open Data Contract Standard"
        if error.validator not in ("additionalProperties", "unevaluatedProperties"):
            yield at, str(error.message)[:300], None


def _unexpected_names(error: Any) -> list[str]:
    if error.validator not in ("additionalProperties", "unevaluatedProperties"):
        return []
    return [name for name in error.instance if f"'{name}'" in error.message.partition("(")[2]]


def _house_problems(document: dict[str, Any], stem: str, kind: str, vocabulary: Vocabulary) -> Iterator[Problem]:
    if document.get("name") != stem:
        yield ("name",), f"the contract is named {document.get('name')!r} but its file is {stem}.yml", repr(stem)
    tables = document.get("schema") or []
    if len(tables) != 1:
        yield ("schema",), f"a contract describes one table, this one has {len(tables)}", "one item"
        return
    yield from _table_problems(tables[0], ("schema", 0), stem, kind, vocabulary)


def _table_problems(
    table: dict[str, Any], at: KeyPath, stem: str, kind: str, vocabulary: Vocabulary
) -> Iterator[Problem]:
    if table.get("name") != stem:
        yield (*at, "name"), f"the table is named {table.get('name')!r}", repr(stem)
    if not table.get("description"):
        yield at, "the table has no description", "what one row is"
    properties = table.get("properties") or []
    if not properties:
        yield at, "the table has no properties", "at least one column"
    yield from _table_option_problems(table, at, kind)
    seen: set[str] = set()
    for index, node in enumerate(properties):
        here = (*at, "properties", index)
        if node["name"] in seen:
            yield (*here, "name"), f"column {node['name']!r} stands twice", None
        seen.add(node["name"])
        yield from _column_problems(node, here, vocabulary)
    yield from _key_problems(properties, at, kind)
    for column, here, rules in _declared_rules(table, at):
        for index, rule in enumerate(rules):
            problem = rule_problem(rule, column)
            if problem:
                yield (*here, "quality", index), problem, None


def _declared_rules(table: dict[str, Any], at: KeyPath) -> Iterator[tuple[str | None, KeyPath, list[dict[str, Any]]]]:
    yield None, at, table.get("quality") or []
    for index, node in enumerate(table.get("properties") or []):
        yield node["name"], (*at, "properties", index), node.get("quality") or []


def _table_option_problems(table: dict[str, Any], at: KeyPath, kind: str) -> Iterator[Problem]:
    known = TABLE_OPTIONS[kind]
    names = [node.get("name") for node in table.get("properties") or []]
    options: dict[str, Any] = {}
    for index, item in enumerate(table.get("customProperties") or []):
        here = (*at, "customProperties", index)
        name, value = item["property"], item["value"]
        options[name] = value
        if known is not None and name not in known:
            yield here, f"unknown custom property {name!r}", f"one of {', '.join(known)}"
        elif name in ("versionColumn", "eventTimeColumn") and value not in names:
            yield here, f"{name} names {value!r}, which is not a column", None
        elif name == "personRole" and value not in PERSON_ROLES:
            yield here, f"person role {value!r} is not allowed", f"one of {', '.join(PERSON_ROLES)}"
        elif name == "maxRejectPercent" and not _is_percent(value):
            yield here, f"maxRejectPercent is {value!r}", "a number from 0 to 100"
    for name in {"feeds": ("personRole", "maxRejectPercent"), "products": ("grain",)}.get(kind, ()):
        if name not in options:
            yield at, f"missing custom property {name!r}", None


def _is_percent(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 100


def _column_problems(node: dict[str, Any], at: KeyPath, vocabulary: Vocabulary) -> Iterator[Problem]:
    name, logical = node["name"], str(node.get("logicalType"))
    if not _NAME.match(name):
        yield (*at, "name"), f"column name {name!r} is not allowed", "lower snake case, not starting with _"
    if logical not in PHYSICAL_TYPES_OF:
        yield at, f"column {name!r} has the logical type {logical!r}", f"one of {', '.join(PHYSICAL_TYPES_OF)}"
    elif not carries(physical_type(node), logical):
        allowed = " or ".join(PHYSICAL_TYPES_OF[logical])
        yield at, f"column {name!r} of logical type {logical} has the physical type {physical_type(node)!r}", allowed
    if not node.get("description"):
        yield at, f"column {name!r} has no description", None
    yield from _word_problems(node, at, vocabulary)
    pattern = (node.get("logicalTypeOptions") or {}).get("pattern")
    if pattern is not None:
        try:
            re.compile(pattern)
        except re.error as error:
            yield (*at, "logicalTypeOptions", "pattern"), f"not a regular expression: {error}", None


def _word_problems(node: dict[str, Any], at: KeyPath, vocabulary: Vocabulary) -> Iterator[Problem]:
    for index, item in enumerate(node.get("customProperties") or []):
        here = (*at, "customProperties", index)
        if item["property"] not in COLUMN_OPTIONS:
            yield here, f"unknown custom property {item['property']!r}", f"one of {', '.join(COLUMN_OPTIONS)}"
        elif item["value"] not in vocabulary.names:
            yield here, f"the vocabulary has no list {item['value']!r}", f"one of {', '.join(vocabulary.names)}"
    classes = vocabulary.values("classifications")
    classification, tags = node.get("classification"), node.get("tags") or []
    if classification not in classes:
        yield at, f"column {node['name']!r} has the classification {classification!r}", f"one of {', '.join(classes)}"
    known = vocabulary.values("pii_tags")
    for tag in tags:
        if tag.startswith("pii") and tag not in known:
            yield (*at, "tags"), f"unknown tag {tag!r}", f"one of {', '.join(known)}"
    if any(tag.startswith("pii") for tag in tags):
        if "pii" not in tags or len(tags) < 2:
            yield (*at, "tags"), "personal data carries two tags", "[pii, pii_direct] or [pii, pii_quasi]"
        if classification not in SENSITIVE_CLASSES:
            yield at, f"column {node['name']!r} is personal data but {classification}", " or ".join(SENSITIVE_CLASSES)


def _key_problems(properties: list[dict[str, Any]], at: KeyPath, kind: str) -> Iterator[Problem]:
    keys = [node for node in properties if node.get("primaryKey")]
    if not keys and kind != "exports":
        yield at, "the table has no primary key", "primaryKey: true on at least one column"
    positions = sorted(node.get("primaryKeyPosition", 1) for node in keys)
    if positions != list(range(1, len(keys) + 1)):
        yield at, f"primary key positions are {positions}", f"1 to {len(keys)}"
