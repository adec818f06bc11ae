"""Audit a build before anyone sees it: contracts, balances, identity, budgets, and the tests of the models."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from data_contracts.loader import contract_names
from ingestion.lake import Lake
from quality.balances import check_balances
from quality.budgets import check_budgets
from quality.build_reading import compare
from quality.feed_checks import check_feed, has_unchecked_batches
from quality.guarding import guarded
from quality.identity_checks import check_identity
from quality.identity_metrics import check_labels, measure_identity, record_identity_metrics
from quality.mart_checks import check_marts, record_contents
from quality.operations_tables import quality_operations, read_checks, transaction, write_checks
from quality.restated_figures import find_restated_figures, record_restated_figures
from quality.restatements import find_restatements, record_restatements
from quality.results import CheckResult, Verdict, decide
from quality.verdicts import content_key, read_verdict, write_verdict

if TYPE_CHECKING:
    from workspace.runs import Run
    from workspace.workspace import Workspace


def audit(ws: Workspace, run: Run, *, dbt_failures: Iterable[tuple[str, str]] = ()) -> Verdict:
    """Check the build of a run and record checks, contents, restatements and the verdict in the operations store.

    `dbt_failures` are (unique_id, message) of tests and models that failed with severity error. A broken promise gives
    stop, an exceeded budget hold, which a person may sign for; the reasons are sentences.

    Raises:
        UnavistaError: nothing has been built.
    """
    _check_feeds_left_out(ws, run)
    marts = check_marts(ws)
    with compare(ws) as compared:
        metrics = measure_identity(compared)
        others = [
            *check_balances(compared),
            *guarded("identity", "identity", lambda: check_identity(compared)),
            *check_labels(compared, metrics),
            *guarded("budget", "budgets", lambda: check_budgets(compared, marts.contents)),
            *(_failed_test(unique_id, message) for unique_id, message in dbt_failures),
        ]
        results = [*marts.results(), *others]
        # Restatements explain a publication; a build that broke its shape gets none.
        is_broken = any(one.status in ("fail", "error") for one in results)
        restated = [] if is_broken else find_restatements(compared)
        figures = [] if is_broken else find_restated_figures(compared)
    with quality_operations(ws) as con, transaction(con):
        con.execute("delete from checks where run_id = ? and stage <> 'feed'", [run.run_id])
        write_checks(con, run, results)
        record_contents(con, run, marts)
        record_restatements(con, run, restated)
        record_restated_figures(con, run, figures)
        record_identity_metrics(con, run, metrics, results)
        status, reasons = decide([*read_checks(con, run.run_id, stage="feed"), *results])
        write_verdict(con, run, status, reasons, content_key(marts.contents, reasons))
    with quality_operations(ws) as con:
        verdict = read_verdict(con, run.run_id)
    if verdict is None:
        raise RuntimeError("the verdict that was just written is not there")
    return verdict


def _check_feeds_left_out(ws: Workspace, run: Run) -> None:
    """Check the feeds of the lake that were not checked in this run, so that an audit never rests on less."""
    with quality_operations(ws) as con:
        rows = con.execute(
            "select distinct subject from checks where run_id = ? and stage = 'feed'", [run.run_id]
        ).fetchall()
    checked = {subject for (subject,) in rows}
    known = set(contract_names("feeds"))
    for name in Lake(ws).contracts():
        if name in known and (f"feeds/{name}" not in checked or has_unchecked_batches(ws, name)):
            check_feed(ws, run, name)


def _failed_test(unique_id: str, message: str) -> CheckResult:
    kind, _, name = unique_id.partition(".")
    short = name.split(".")[1] if kind == "test" and "." in name else name.rsplit(".", 1)[-1]
    return CheckResult(
        "test",
        unique_id,
        short,
        outcome="fail",
        message=f"{kind} {short} failed{': ' + message if message else ''}",
    )
