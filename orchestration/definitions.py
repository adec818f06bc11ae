"""The code location that Dagster loads, for the workspace in UNAVISTA_WORKSPACE; everything is built elsewhere."""

from orchestration.build import build_definitions

defs = build_definitions()
