"""Read YAML into pydantic models and point at the line when something is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from workspace.errors import ConfigError, ConfigErrors

Model = TypeVar("Model", bound=BaseModel)
Location = tuple[int, int]


# libyaml reads the contracts about six times as fast as pure Python; both give the same marks.
_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _PositionLoader(_SafeLoader):  # type: ignore[misc]
    """A safe loader that refuses duplicate keys, which YAML would otherwise settle silently."""


def _construct_mapping(loader: _PositionLoader, node: yaml.MappingNode, deep: bool = True) -> dict[Any, Any]:
    seen: dict[Any, Any] = {}
    loader.flatten_mapping(node)
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            mark = key_node.start_mark
            raise yaml.constructor.ConstructorError(None, None, f"duplicate key {key!r}", mark)
        seen[key] = loader.construct_object(value_node, deep=deep)
    return seen


_PositionLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _construct_mapping)


def read_yaml(path: Path) -> tuple[Any, dict[tuple[str, ...], Location]]:
    """Return the parsed document and the 1-based (line, column) of every key and item in it.

    Raises:
        ConfigError: the file is missing, not UTF-8, or not YAML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError("file not found", file=path, hint="Run `unavista init` to scaffold a workspace") from None
    except UnicodeDecodeError as error:
        raise ConfigError("not UTF-8 text", file=path, hint=f"Byte {error.start} cannot be decoded") from None
    try:
        loader = _PositionLoader(text)
        node = loader.get_single_node()
        document = loader.construct_document(node) if node else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        raise ConfigError(error.problem or "not valid YAML", file=path, line=line, column=column) from None
    positions: dict[tuple[str, ...], Location] = {}
    if node is not None:
        _collect_positions(node, (), positions)
    return document, positions


def _collect_positions(node: yaml.Node, at: tuple[str, ...], into: dict[tuple[str, ...], Location]) -> None:
    into.setdefault(at, (node.start_mark.line + 1, node.start_mark.column + 1))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            child = (*at, str(key.value))
            into[child] = (key.start_mark.line + 1, key.start_mark.column + 1)
            _collect_positions(value, child, into)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _collect_positions(item, (*at, str(index)), into)


def position_of(location: tuple[Any, ...], positions: dict[tuple[str, ...], Location]) -> Location | None:
    """Return the position of the deepest key of `location` that stands in the file."""
    return positions.get(_keys_in_file(location, positions))


def _keys_in_file(location: tuple[Any, ...], positions: dict[tuple[str, ...], Location]) -> tuple[str, ...]:
    """Return the parts of `location` that are keys in the file; pydantic also names the chosen member of a union."""
    found: tuple[str, ...] = ()
    for part in location:
        if (*found, str(part)) in positions:
            found = (*found, str(part))
    return found


def load_model(path: Path, model: type[Model], *, context: dict[str, Any] | None = None) -> Model:
    """Read a YAML file into `model`.

    Raises:
        ConfigErrors: one entry for each problem, with file, line, column, key and what was expected.
        ConfigError: the file cannot be read as YAML at all.
    """
    document, positions = read_yaml(path)
    if document is None:
        document = {}
    try:
        return model.model_validate(document, context=context)
    except ValidationError as error:
        problems = [_problem(path, detail, positions) for detail in error.errors(include_url=False)]
        raise ConfigErrors(problems) from None


def _problem(path: Path, detail: Any, positions: dict[tuple[str, ...], Location]) -> ConfigError:
    location = tuple(part for part in detail["loc"] if not (isinstance(part, str) and part.startswith("function-")))
    at = position_of(location, positions)
    known = _keys_in_file(location, positions)
    key = ".".join(known if known[-1:] == (str(location[-1]),) else (*known, str(location[-1]))) if location else ""
    message, expected, hint = detail["msg"].removeprefix("Value error, "), None, None
    if detail["type"] == "extra_forbidden":
        message, hint = f"unknown key {location[-1]!r}", "Check the spelling, or remove it"
    elif detail["type"] == "missing":
        message = f"missing key {location[-1]!r}"
    elif detail["type"] in ("literal_error", "enum"):
        message, expected = "value not allowed", detail.get("ctx", {}).get("expected")
    line, column = at if at else (None, None)
    return ConfigError(message, file=path, line=line, column=column, key=key, expected=expected, hint=hint)
