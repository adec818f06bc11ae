"""Build the Definitions, with overrides so that tests can swap parts. No asset or resource is implemented here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from orchestration.activation_assets import activation_assets
from orchestration.automation import daily_schedule, landing_sensor
from orchestration.feed_assets import feed_assets
from orchestration.identity_assets import identity_assets
from orchestration.jobs import jobs
from orchestration.model_assets import model_assets
from orchestration.model_graph import model_nodes
from orchestration.quality_assets import quality_assets
from orchestration.resources import pipeline_resource, workspace_folder
from workspace.workspace import Workspace

if TYPE_CHECKING:
    from activation.configuration import Sync


def build_definitions(
    workspace: Workspace | None = None,
    *,
    manifest: Mapping[str, Any] | None = None,
    resource_overrides: Mapping[str, Any] | None = None,
) -> dg.Definitions:
    """Return the `Definitions` of a workspace: the house's assets, and one for each sync that it configures.

    Only configuration is read: no database and no network. dbt parses its project when that changed, as the models
    cannot be known otherwise. Steps run in one process, one after the other: a step of its own process costs about two
    CPU seconds before it does anything, and two processes cannot hold the build file open for writing.

    Raises:
        ConfigError, ConfigErrors: the folder is not a workspace, or its configuration is not valid.
    """
    from data_contracts.loader import load_contracts

    workspace = workspace or Workspace.open(workspace_folder())
    contracts = load_contracts("feeds", workspace)
    nodes = model_nodes(manifest if manifest is not None else _manifest(workspace))
    syncs = configured_syncs(workspace)
    return dg.Definitions(
        assets=[
            *feed_assets(contracts),
            identity_assets(contracts.values()),
            model_assets(nodes, contracts),
            *quality_assets(nodes),
            *activation_assets(syncs),
        ],
        jobs=jobs(with_activation=bool(syncs)),
        sensors=[landing_sensor(workspace)],
        schedules=[daily_schedule(workspace)],
        resources={"pipeline": pipeline_resource, **(resource_overrides or {})},
        executor=dg.in_process_executor,
    )


def configured_syncs(workspace: Workspace) -> dict[str, Sync]:
    """Return the syncs of syncs.yml by name; what they refer to is checked when activation runs."""
    from activation.configuration import SyncsFile
    from workspace.yaml_files import load_model

    file = workspace.root / "syncs.yml"
    return dict(load_model(file, SyncsFile).syncs) if file.is_file() else {}


def _manifest(workspace: Workspace) -> Mapping[str, Any]:
    from dbt_project.building import read_manifest

    return read_manifest(workspace)
