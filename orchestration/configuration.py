"""Read the whole configuration of a workspace before anything runs, so that every mistake is told at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from workspace.errors import ConfigError, ConfigErrors

if TYPE_CHECKING:
    from workspace.workspace import Workspace


def check_configuration(workspace: Workspace) -> None:
    """Read feeds, identity rules, the labelled sample, segments, audiences, destinations, syncs and policy.

    Raises:
        ConfigErrors: every problem of every file, each with file, line, key and what was expected.
    """
    problems: list[ConfigError] = []
    for read in (_feeds, _identity, _labels, _survivorship, _segments, _activation):
        problems += _problems(read, workspace)
    if problems:
        raise ConfigErrors(list({str(one): one for one in problems}.values()))


def _problems(read: Callable[[Workspace], Any], workspace: Workspace) -> list[ConfigError]:
    try:
        read(workspace)
    except ConfigErrors as errors:
        return errors.errors
    except ConfigError as error:
        return [error]
    return []


def _feeds(workspace: Workspace) -> Any:
    from ingestion.feeds import load_feeds

    return load_feeds(workspace)


def _identity(workspace: Workspace) -> Any:
    from identity.configuration import load_identity_config

    return load_identity_config(workspace)


def _labels(workspace: Workspace) -> Any:
    from identity.labels import load_labels, require_labels

    require_labels(workspace)
    return load_labels(workspace)


def _survivorship(workspace: Workspace) -> Any:
    from dbt_project.survivorship import load_survivorship

    return load_survivorship(workspace)


def _segments(workspace: Workspace) -> Any:
    from dbt_project.segments import load_segments

    return load_segments(workspace)


def _activation(workspace: Workspace) -> Any:
    from activation.loading import load_activation

    return load_activation(workspace)
