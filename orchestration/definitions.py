"""The code location that Dagster loads; everything is built elsewhere."""

from orchestration.build import build_definitions

defs = build_definitions()
