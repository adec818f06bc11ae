"""Segments that a user declares in segments/*.yml: a name, what it means, and one expression over `customer_360`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from data_contracts.loader import load_contract
from workspace.errors import ConfigError, ConfigErrors
from workspace.expressions import validate_expression
from workspace.yaml_files import load_model, position_of, read_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from workspace.workspace import Workspace

# A segment may not be defined by itself: these columns of customer_360 are made from the segments.
SEGMENT_COLUMNS = frozenset({"segment_names"})


class Segment(BaseModel):
    """One declared segment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    segment: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$", description="Name, unique in the workspace.")]
    description: Annotated[str, Field(min_length=1, description="What the segment means, for people.")]
    where: Annotated[str, Field(min_length=1, description="Boolean expression over the columns of customer_360.")]

    def as_variable(self) -> dict[str, Any]:
        """Return the segment as the dbt variable holds it."""
        return {"name": self.segment, "description": self.description, "where": self.where}


def load_segments(workspace: Workspace) -> list[Segment]:
    """Return the segments of the workspace, in order of their names.

    Raises:
        ConfigErrors: every problem of every file, with file, line and what was expected.
    """
    folder = workspace.root / "segments"
    found: dict[str, tuple[Segment, Path]] = {}
    problems: list[ConfigError] = []
    for file in sorted(folder.glob("*.yml")):
        try:
            segment = _load(file)
        except ConfigErrors as errors:
            problems += errors.errors
            continue
        except ConfigError as error:
            problems.append(error)
            continue
        if segment.segment in found:
            first = found[segment.segment][1].name
            problems.append(ConfigError(f"segment {segment.segment!r} stands in {first} too", file=file, key="segment"))
        else:
            found[segment.segment] = (segment, file)
    if problems:
        raise ConfigErrors(problems)
    return [found[name][0] for name in sorted(found)]


def _load(file: Path) -> Segment:
    segment = load_model(file, Segment)
    line, _ = position_of(("where",), read_yaml(file)[1]) or (None, None)
    validate_expression(segment.where, segment_columns(), file=file, line=line, key="where")
    return segment


def segment_columns() -> frozenset[str]:
    """Return the columns that the expression of a segment may use."""
    return frozenset(load_contract("products", "customer_360").column_names) - SEGMENT_COLUMNS
