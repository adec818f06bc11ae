"""Write the JSON Schema of a configuration model, so that editors complete and check the YAML."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from workspace.atomic import write_text_atomic

if TYPE_CHECKING:
    from pydantic import BaseModel


def json_schema_text(model: type[BaseModel]) -> str:
    """Return the JSON Schema (draft 2020-12) of a pydantic model as text, the same on every call."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema(mode="validation")}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write_json_schema(model: type[BaseModel], path: Path) -> bool:
    """Write the JSON Schema of `model` to `path`; return whether the file changed."""
    text = json_schema_text(model)
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return False
    write_text_atomic(path, text)
    return True
