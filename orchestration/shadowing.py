"""Try rules or an epoch aside: resolve and build in a shadow, hold it against what is published, and forget it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from orchestration.progress import Observer, Silent
from workspace.errors import ConfigError

if TYPE_CHECKING:
    from quality.publications import Publication
    from quality.view_difference import ViewDifference
    from workspace.workspace import Workspace

Epoch = Literal["candidate"]


@dataclass(frozen=True)
class Destination:
    """What one sync would send: from the published view as it stands, and from the shadow.

    `published` is None when that view was made by a version whose tables exports cannot be planned from any more.
    """

    sync_id: str
    destination_id: str
    member_count: int
    published: dict[str, int] | None
    shadow: dict[str, int]
    message: str | None


@dataclass(frozen=True)
class ShadowReport:
    """What a run with the tried configuration would change, as of the published run's instant."""

    run_id: str
    """The published run that was compared with."""
    difference: ViewDifference
    destinations: list[Destination]

    @property
    def is_same(self) -> bool:
        """Tell whether readers and destinations would notice nothing."""
        return self.difference.is_none and all(one.published == one.shadow for one in self.destinations)


def cast_shadow(
    workspace: Workspace,
    *,
    epoch: Epoch | None = None,
    rules: Path | None = None,
    wait_seconds: float = 0,
    observer: Observer | None = None,
) -> ShadowReport:
    """Carry out resolution, build and planning of exports in a shadow of the workspace, and compare.

    The lake is taken as it is and nothing lands. Nothing outside the scratch folder changes.

    Raises:
        ConfigError, ConfigErrors: the candidate epoch or the rules are missing or not valid.
        GateRefused: nothing is published to compare with.
        BuildFailed: a model or a test fails with the tried configuration.
        WorkspaceLocked: a run is at work.
    """
    from activation.published import published
    from dbt_project.building import build
    from identity.configuration import load_identity_config
    from identity.epochs import candidate_folder
    from identity.resolving import resolve
    from orchestration.configuration import check_configuration
    from quality.build_reading import compare
    from quality.publications import Publication
    from quality.view_difference import measure_difference
    from workspace.locking import run_lock
    from workspace.shadows import in_shadow

    check_configuration(workspace)
    folder = candidate_folder(workspace) if epoch else None
    if folder is not None and not folder.is_dir():
        raise ConfigError("there is no candidate epoch", file=folder, hint="Make one: unavista identity train")
    if rules is not None and not rules.is_file():
        raise ConfigError("there are no rules to try: the file does not exist", file=rules)
    with run_lock(workspace, wait_seconds=wait_seconds), in_shadow(workspace, rules=rules, epoch=folder) as shadow:
        view = published(workspace)
        load_identity_config(shadow)
        tell = observer or Silent()
        tell.started("resolve")
        resolve(shadow, view.run)
        tell.started("build")
        build(shadow, view.run, full_tests=False, on_node=lambda node: tell.advanced("build", node.name)).require_good()
        with compare(shadow) as compared:
            difference = measure_difference(compared)
        destinations = _destinations(shadow, view, Publication(shadow.build, view.manifest))
    return ShadowReport(view.run_id, difference, destinations)


def _destinations(shadow: Workspace, view: Publication, tried: Publication) -> list[Destination]:
    import duckdb

    from activation.syncing import forecast

    then = forecast(shadow, view.run, tried)
    try:
        now = {one.sync_id: one.planned for one in forecast(shadow, view.run, view)}
    except (duckdb.CatalogException, duckdb.BinderException):
        now = {}
    return [
        Destination(one.sync_id, one.destination_id, one.members, now.get(one.sync_id), one.planned, one.message)
        for one in then
    ]
