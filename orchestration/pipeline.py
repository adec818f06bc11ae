"""The run, in the order in which it happens: land, check, resolve, build, audit, publish, activate, record.

Every step is a method that does its work once and remembers the result. Dagster's assets call the same methods as
`carry_out`, which runs them in a row without Dagster: tests and benchmarks use it, and no second copy of the sequence
exists. No rule of the business stands here; the rooms decide, this module only says who comes after whom.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from orchestration import facts
from orchestration.progress import Observer, Silent

if TYPE_CHECKING:
    from pathlib import Path

    from activation.syncing import SyncRun
    from dbt_project.building import BuildResult
    from identity.resolving import IdentityResult
    from ingestion.landing import LandingResult
    from quality.publishing import Publication
    from quality.results import CheckResult, Verdict
    from quality.runs import RunStatus
    from workspace.runs import Run
    from workspace.workspace import Workspace

Status = Literal["pass", "hold", "stop", "error", "partial"]
_RECORDED: dict[Status, RunStatus] = {
    "pass": "published",
    "hold": "held",
    "stop": "stopped",
    "error": "failed",
    "partial": "unchanged",
}
STEPS = ("land", "resolve", "build", "audit", "publish", "activate")


@dataclass
class Pipeline:
    """One run of a workspace; the caller holds the workspace's lock."""

    workspace: Workspace
    run: Run
    observer: Observer = field(default_factory=Silent)
    landings: dict[str, LandingResult] = field(default_factory=dict)
    feed_checks: dict[str, list[CheckResult]] = field(default_factory=dict)
    identity: IdentityResult | None = None
    built: BuildResult | None = None
    verdict: Verdict | None = None
    publication: Publication | None = None
    syncs: list[SyncRun] | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    cpu_seconds: dict[str, float] = field(default_factory=dict)
    error: BaseException | None = None
    report: Path | None = None
    is_exact: bool = False
    """Whether someone asked for this very instant, so that a view of the same day is not good enough."""
    _unchanged: bool | None = None
    _started_at: datetime | None = None

    def land(self, contract: str) -> tuple[LandingResult, list[CheckResult]]:
        """Land what is new of one contract and check the batches that landed."""
        from data_contracts.loader import contract_names
        from ingestion.landing import land_contract
        from quality.feed_checks import check_feed

        if contract not in self.landings:
            with self._step("land"):
                self.observer.advanced("land", contract)
                self.landings[contract] = land_contract(self.workspace, self.run, contract)
                self.feed_checks[contract] = check_feed(self.workspace, self.run, contract)
            if len(self.landings) == len(contract_names("feeds")):
                self._tell("land", facts.landed(self.landings.values(), self.feed_checks))
        return self.landings[contract], self.feed_checks[contract]

    def land_all(self) -> None:
        """Land and check every contract, those without a feed too: they give typed, empty tables."""
        from data_contracts.loader import contract_names

        for name in contract_names("feeds"):
            self.land(name)

    @property
    def feeds_hold(self) -> bool:
        """Tell whether no landed feed broke a promise that stops the run."""
        return not any(one.status in ("fail", "error") for checks in self.feed_checks.values() for one in checks)

    @property
    def found_fault(self) -> bool:
        """Tell whether a check of the feeds or of the models failed, which is a verdict and not an accident."""
        return not self.feeds_hold or (self.built is not None and not self.built.is_good)

    @property
    def is_unchanged(self) -> bool:
        """Tell whether the published view already says everything that this run could say; ask it after landing.

        A run whose instant nobody asked for is content with a view of the same day: the clock alone is no news.
        """
        if self._unchanged is None:
            self._unchanged = self.feeds_hold and published_view_stands(self.workspace, self.run, exact=self.is_exact)
            if self._unchanged:
                self.observer.noticed("nothing new: the published view stands")
        return self._unchanged

    @property
    def is_idle(self) -> bool:
        """Tell whether it was found that nothing is new."""
        return bool(self._unchanged)

    def resolve(self) -> IdentityResult:
        """Decide who is who."""
        from identity.resolving import resolve

        if self.identity is None:
            with self._step("resolve"):
                self.identity = resolve(self.workspace, self.run)
            self._tell("resolve", facts.resolved(self.identity))
        return self.identity

    def build(self, select: list[str] | None = None) -> BuildResult:
        """Build and test the models."""
        from dbt_project.building import build

        if self.built is None:
            with self._step("build"):
                self.built = build(
                    self.workspace,
                    self.run,
                    select=select,
                    on_node=lambda node: self.observer.advanced("build", node.name),
                )
            self._tell("build", facts.built(self.built))
        return self.built

    def audit(self) -> Verdict:
        """Hold the build against contracts, balances and budgets, and record the verdict."""
        from quality.auditing import audit

        if self.verdict is None:
            with self._step("audit"):
                failures = [(node.unique_id, node.message) for node in self.built.failures] if self.built else []
                self.verdict = audit(self.workspace, self.run, dbt_failures=failures)
            self._tell("audit", facts.audited(self.verdict))
        return self.verdict

    def publish(self) -> Publication:
        """Make the audited build the view that readers see.

        Raises:
            GateRefused: the verdict does not open the gate.
        """
        from quality.publishing import publish

        if self.publication is None:
            with self._step("publish"):
                self.publication = publish(self.workspace, self.run)
            self._tell("publish", facts.published(self.publication))
        return self.publication

    def activate(self, *, dry_run: bool = False, only: list[str] | None = None) -> list[SyncRun]:
        """Send what changed to the destinations, from the published view.

        Raises:
            GateRefused: the verdict of the published run does not open the gate.
        """
        from activation.syncing import activate

        if self.syncs is None:
            with self._step("activate"):
                self.syncs = activate(self.workspace, self.run, dry_run=dry_run, only=only)
            self._tell("activate", facts.activated(self.syncs))
        return self.syncs

    def take_up_verdict(self) -> Verdict | None:
        """Read the verdict that an earlier command recorded for this run."""
        self.verdict = recorded_verdict(self.workspace, self.run.run_id)
        return self.verdict

    @property
    def report_path(self) -> Path:
        """Return where the quality report of the run stands once the run has ended, however it ended."""
        from quality.report import report_file

        return report_file(self.workspace, self.run)

    def begin(self) -> None:
        """Record that the run started, so that one that dies leaves a trace in `ops.runs`."""
        from quality.runs import record_run

        if self._started_at is None:
            self._started_at = datetime.now(UTC)
            record_run(self.workspace, self.run, status="running", started_at=self._started_at)

    def record(self) -> None:
        """Close the run: verdict and end in `ops`, the report, the operations store in the publication, the journal."""
        from ingestion.operations_tables import record_batches
        from quality.publishing import refresh_operations
        from quality.report import write_report
        from quality.runs import record_run
        from workspace.runs import finish_run

        if self._started_at is None:
            return
        self._settle()
        record_batches(self.workspace, self.run)
        record_run(
            self.workspace,
            self.run,
            status="unchanged" if self._unchanged and self.status == "pass" else _RECORDED[self.status],
            started_at=self._started_at,
            finished_at=datetime.now(UTC),
            message=self.message,
        )
        refresh_operations(self.workspace)
        if self.publication is not None:
            self.report = self.publication.folder / "report.html"
        elif not self._unchanged and self.error is None:
            self.report = write_report(self.workspace, self.run)
        finish_run(self.workspace)

    def _settle(self) -> None:
        """See to it that a run that was cut short by a failed check has the verdict which that failure deserves."""
        if self.verdict is not None or self.error is not None:
            return
        if not self.feeds_hold:
            self.take_up_verdict()
        elif self.built is not None and not self.built.is_good:
            # With models missing the audit may not get through either; `_step` remembers why.
            with suppress(Exception):
                self.audit()

    @property
    def status(self) -> Status:
        """Return how the run stands: pass, hold, stop, error, or partial when it was asked for less than a whole."""
        if self.error is not None or any(not one.is_clean for one in self.syncs or ()):
            return "error"
        if self.verdict is not None:
            return "pass" if self.verdict.opens_gate else self.verdict.status
        return "pass" if self._unchanged else "partial"

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return why the run did not pass, a sentence each; empty when it did."""
        if self.error is not None:
            return (describe(self.error),)
        if self.verdict is not None and not self.verdict.opens_gate:
            return self.verdict.reasons
        return tuple(f"sync {one.sync_id}: {one.message}" for one in self.syncs or () if not one.is_clean)

    @property
    def message(self) -> str | None:
        """Return the run's line for `ops.runs`."""
        if self.status == "partial":
            return f"only a part was asked for: {', '.join(self.seconds)}"
        return "; ".join(self.reasons) or ("nothing new: the published view stands" if self._unchanged else None)

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        self.begin()
        self.observer.started(name)
        started, used = time.perf_counter(), time.process_time()
        try:
            yield
        except BaseException as error:
            self.error = self.error or error
            raise
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started
            self.cpu_seconds[name] = self.cpu_seconds.get(name, 0.0) + time.process_time() - used

    def _tell(self, name: str, text: str) -> None:
        self.observer.finished(name, self.seconds[name], text)


def carry_out(pipeline: Pipeline, *, activate: bool = True) -> Status:
    """Carry out the whole run without Dagster, and return how it ended.

    Raises:
        Exception: whatever a step raised; it is recorded first.
    """
    try:
        _sequence(pipeline, activate)
    finally:
        pipeline.record()
    return pipeline.status


def _sequence(pipeline: Pipeline, activate: bool) -> None:
    pipeline.land_all()
    if not pipeline.feeds_hold:
        return
    if not pipeline.is_unchanged:
        pipeline.resolve()
        pipeline.build()
        if not pipeline.audit().opens_gate:
            return
        pipeline.publish()
    if activate:
        pipeline.activate()


def published_view_stands(workspace: Workspace, run: Run, *, exact: bool) -> bool:
    """Tell whether the published view was made from today's inputs and nothing since then was refused.

    After a refusal the run is carried out whole, because only a new verdict opens the gate again.
    """
    from quality.operations_tables import quality_operations
    from quality.publications import current_publication
    from quality.publishing import is_unchanged

    current = current_publication(workspace)
    with quality_operations(workspace) as con:
        latest = con.execute("select run_id from verdicts order by decided_at desc, run_id desc limit 1").fetchall()
    verdict = recorded_verdict(workspace, latest[0][0]) if latest else None
    unchanged = False
    if current is not None and verdict is not None and verdict.opens_gate:
        zone = workspace.settings.zone
        same_day = current.as_of.astimezone(zone).date() == run.as_of.astimezone(zone).date()
        unchanged = not exact and same_day and is_unchanged(workspace, current.run)
    # Asked last in any case: the answer leaves the fingerprint that this run's publication will carry.
    return unchanged or (is_unchanged(workspace, run) and verdict is not None and verdict.opens_gate)


def recorded_verdict(workspace: Workspace, run_id: str) -> Verdict | None:
    """Return the verdict that stands in the operations store for a run."""
    from quality.operations_tables import quality_operations
    from quality.verdicts import read_verdict

    with quality_operations(workspace) as con:
        return read_verdict(con, run_id)


def describe(error: BaseException) -> str:
    """Return an error in one line for people; the text of an unforeseen one may hold data and is left out."""
    from workspace.errors import UnavistaError

    return str(error) if isinstance(error, UnavistaError | OSError) else f"unexpected {type(error).__name__}"
