"""Write small YAML by hand, one item a line, so that a generated file reads and differs well."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_YAML_WORDS = ("true", "false", "null", "yes", "no", "on", "off")


def flow(value: Any) -> str:
    """Return a value as YAML flow text on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return scalar(value)


def scalar(value: Any) -> str:
    """Return one value as YAML text, quoted when it would otherwise be read as something else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return json.dumps(value)
    text = str(value)
    is_plain = text.replace("_", "").isalpha() and text.lower() not in _YAML_WORDS
    # A JSON string is a YAML string: no rule of quoting to get wrong.
    return text if is_plain else json.dumps(text, ensure_ascii=False)
