"""Build the models with dbt inside this process, and say what happened in words a person can act on.

dbt as a subprocess costs seconds of start for every call, and its connection would hold the build file's lock; here
the project is parsed once, the connections are closed after every call, and only the run's variables change.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbt_project.broken_rules import broken_rules
from dbt_project.invoking import PROJECT, DbtFailure, invoke, project_fingerprint, write_profiles
from dbt_project.messages import explain
from dbt_project.standing import forget_nodes, node_keys, remember_nodes, standing_nodes
from dbt_project.variables import build_variables, parse_variables
from workspace.atomic import write_text_atomic
from workspace.errors import UnavistaError

if TYPE_CHECKING:
    from workspace.runs import Run
    from workspace.workspace import Workspace

# What costs a full pass over the largest feeds and repeats what the models already guarantee or the marts' keys show.
_COSTLY_TESTS = ("path:models/staging,resource_type:test", "test_name:known_references")
# What a result is reported of; hooks are dbt's own business.
_KINDS = ("model", "seed", "test", "unit_test")


class BuildFailed(UnavistaError):
    """The marts could not be built, or a test of error severity found rows."""


@dataclass(frozen=True)
class NodeResult:
    """What became of one model, seed or test."""

    unique_id: str
    name: str
    kind: str
    """model, seed, test or unit_test"""
    status: str
    """success, pass, warn, fail, error or skipped"""
    seconds: float
    failures: int
    """Rows that a test found."""
    message: str
    """What went wrong and what to do; empty when nothing did. Holds no value of any row."""
    depends_on: tuple[str, ...] = ()
    is_standing: bool = False
    """Whether it was left from an earlier build, because nothing that it is made from has changed."""

    @property
    def is_bad(self) -> bool:
        """Tell whether the node stops the run."""
        return self.status in ("fail", "error")

    @property
    def is_good(self) -> bool:
        """Tell whether it was built, or passed without a warning."""
        return self.status in ("success", "pass")

    @classmethod
    def standing(cls, unique_id: str, memory: Mapping[str, Any]) -> NodeResult:
        """Return the result of a node that stands from what is remembered of it."""
        told = {name: memory[name] for name in ("name", "kind", "status")}
        depends_on = tuple(memory["depends_on"])
        return cls(unique_id, **told, seconds=0.0, failures=0, message="", depends_on=depends_on, is_standing=True)

    def as_memory(self, key: str) -> dict[str, Any]:
        """Return what is to be remembered of a node that was built with this key."""
        return {
            "key": key,
            "name": self.name,
            "kind": self.kind,
            "status": self.status,
            "depends_on": list(self.depends_on),
        }


@dataclass(frozen=True)
class BuildResult:
    """Every node of one build: those that stand from an earlier one, then the others in the order they finished."""

    nodes: tuple[NodeResult, ...]

    @property
    def failures(self) -> tuple[NodeResult, ...]:
        """Return the nodes that stop the run."""
        return tuple(node for node in self.nodes if node.is_bad)

    @property
    def is_good(self) -> bool:
        """Tell whether every model was built and every test of error severity passed."""
        return not self.failures

    def require_good(self) -> None:
        """Pass, or say every failure at once.

        Raises:
            BuildFailed: a model or a test failed.
        """
        if self.failures:
            raise BuildFailed("the marts were not built:\n" + "\n".join(f"- {node.message}" for node in self.failures))


def build(
    workspace: Workspace,
    run: Run,
    *,
    select: list[str] | None = None,
    full_tests: bool = True,
    on_node: Callable[[NodeResult], None] | None = None,
) -> BuildResult:
    """Build the models of a run into the workspace's build file and test them.

    Nodes that would come out as they are in the build file stand (`dbt_project.standing`); without any, the file is
    made anew. Unit tests are not run: they test the SQL, not the data.

    Args:
        workspace: Where the lake, the identity tables and the build file stand.
        run: The instant that the marts look from.
        select: dbt selectors, for a partial build into the existing file.
        full_tests: False leaves out the tests that read the largest feeds once more.
        on_node: Called in the building thread with each node as it finishes.

    Raises:
        ConfigError, ConfigErrors: a declared segment is not valid.
        BuildFailed: dbt itself could not run (the project does not compile, the file cannot be opened).
    """
    variables = build_variables(workspace, run)
    manifest = _manifest(workspace)
    workspace.build.mkdir(parents=True, exist_ok=True)
    if workspace.settings.engine == "spark":
        forget_nodes(workspace)
        if select is None:
            remove_build_file(workspace)
        return _build_on_spark(workspace, _build_command(select, full_tests), variables, manifest, on_node)
    watch = _passed_on(manifest, on_node)
    if select is not None:
        forget_nodes(workspace)
        command = [*_build_command(select, full_tests), "--no-write-json"]
        done = run_dbt(workspace, command, variables, manifest=manifest, on_finished=watch)
        return _results(workspace, done)
    keys = node_keys(workspace, manifest, variables)
    known = standing_nodes(workspace, keys)
    standing = tuple(NodeResult.standing(name, node) for name, node in known.items())
    changed = [manifest.nodes[name].name for name in keys if name not in known]
    if not changed:
        return BuildResult(standing)
    forget_nodes(workspace)
    if not known:
        remove_build_file(workspace)
    # Tests are named one by one: dbt would add those of a neighbour that stands.
    chosen = ["--select", *changed, "--indirect-selection", "empty"] if known else []
    command = [*_build_command(None, full_tests), *chosen, "--no-write-json"]
    built = _results(workspace, run_dbt(workspace, command, variables, manifest=manifest, on_finished=watch))
    fresh = {one.unique_id: one.as_memory(keys[one.unique_id]) for one in built.nodes if one.is_good}
    remember_nodes(workspace, {**known, **fresh})
    return BuildResult((*standing, *built.nodes))


def remove_build_file(workspace: Workspace) -> None:
    """Remove the build file, so that nothing of an older build can stay in it."""
    for suffix in ("", ".wal"):
        workspace.build_file.with_name(workspace.build_file.name + suffix).unlink(missing_ok=True)


def _build_command(select: list[str] | None, full_tests: bool) -> list[str]:
    # Tests that also read a model outside the selection and its parents would fail for want of it.
    chosen = ["--select", *select, "--indirect-selection", "buildable"] if select else []
    excluded = [] if full_tests else ["--exclude", *_COSTLY_TESTS]
    return ["build", "--exclude-resource-type", "unit_test", *chosen, *excluded]


def _build_on_spark(
    workspace: Workspace,
    arguments: list[str],
    variables: dict[str, Any],
    manifest: Any,
    on_node: Callable[[NodeResult], None] | None,
) -> BuildResult:
    from dbt_project.engines.spark import run_on_spark

    try:
        finished = run_on_spark(workspace, arguments, variables)
    except DbtFailure as failure:
        raise BuildFailed(str(failure)) from None
    nodes = tuple(
        _node_result(manifest.nodes[one.unique_id], one.status, one.seconds, one.failures, one.message)
        for one in finished
        if one.unique_id in manifest.nodes and str(manifest.nodes[one.unique_id].resource_type) in _KINDS
    )
    # Staging is made of views over the lake, which the audit reads: they cost nothing to make here too.
    run_dbt(workspace, ["run", "--select", "path:models/staging", "--no-write-json"], variables, manifest=manifest)
    if on_node:
        for node in nodes:
            on_node(node)
    return BuildResult(nodes)


def prepare_manifest(workspace: Workspace) -> Path:
    """Parse the project when it, or where its sources stand, changed; return the path of manifest.json.

    Raises:
        BuildFailed: the project does not parse.
    """
    folder = workspace.build / "dbt"
    manifest, stamp = folder / "manifest.json", folder / "fingerprint"
    variables = parse_variables(workspace)
    wanted = project_fingerprint(variables)
    if manifest.is_file() and stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return manifest
    stamp.unlink(missing_ok=True)
    run_dbt(workspace, ["parse"], variables)
    write_text_atomic(stamp, wanted)
    return manifest


def run_unit_tests(workspace: Workspace, run: Run) -> BuildResult:
    """Run the unit tests of the models against a build whose models exist.

    Raises:
        BuildFailed: dbt itself could not run.
    """
    arguments = ["test", "--select", "test_type:unit", "--no-write-json"]
    variables = build_variables(workspace, run)
    return _results(workspace, run_dbt(workspace, arguments, variables, manifest=_manifest(workspace)))


def _manifest(workspace: Workspace) -> Any:
    """Return the parsed project; parsing is partial, so an unchanged project is only read back."""
    return run_dbt(workspace, ["parse", "--no-write-json"], parse_variables(workspace))


def run_dbt(
    workspace: Workspace,
    arguments: list[str],
    variables: dict[str, Any],
    *,
    manifest: Any = None,
    on_finished: Callable[[str, Any], None] | None = None,
) -> Any:
    """Run one dbt command in the workspace and return its result; people get one kind of error from it.

    Raises:
        BuildFailed: dbt could not run at all.
    """
    write_profiles(workspace)
    try:
        return invoke(workspace, arguments, variables, manifest=manifest, on_finished=on_finished)
    except DbtFailure as failure:
        raise BuildFailed(str(failure)) from None


def _results(workspace: Workspace, run_results: Any) -> BuildResult:
    finished = [one for one in run_results.results if str(one.node.resource_type) in _KINDS]
    broken = broken_rules(workspace, (one.node for one in finished if str(one.status) == "fail"))
    return BuildResult(
        tuple(
            _node_result(
                one.node,
                str(one.status),
                float(one.execution_time),
                int(one.failures or 0),
                one.message or "",
                broken=broken.get(one.node.unique_id, ""),
            )
            for one in finished
        )
    )


def _passed_on(manifest: Any, on_node: Callable[[NodeResult], None] | None) -> Callable[[str, Any], None] | None:
    """Return the function that hands a finished node over with its explanation; dbt's events carry only its id."""
    if on_node is None:
        return None

    def hand_over(unique_id: str, result: Any) -> None:
        node = manifest.nodes.get(unique_id)
        if node is not None:
            seconds, failures = float(result.execution_time), int(result.num_failures or 0)
            on_node(_node_result(node, str(result.status), seconds, failures, result.message))

    return hand_over


def _node_result(
    node: Any, status: str, seconds: float, failures: int, message: str, *, broken: str = ""
) -> NodeResult:
    status = "error" if status in ("runtime error", "partial success") else status
    return NodeResult(
        unique_id=node.unique_id,
        name=node.name,
        kind=str(node.resource_type),
        status=status,
        seconds=round(seconds, 3),
        failures=failures,
        message=explain(node, status, failures, message, broken=broken),
        depends_on=tuple(getattr(getattr(node, "depends_on", None), "nodes", ())),
    )


def read_manifest(workspace: Workspace) -> dict[str, Any]:
    """Return the parsed project as a plain dictionary (manifest.json)."""
    return dict(json.loads(prepare_manifest(workspace).read_text(encoding="utf-8")))


__all__ = ["PROJECT", "BuildFailed", "BuildResult", "NodeResult", "build", "prepare_manifest", "read_manifest"]
