"""Check what has landed of a feed contract, before anyone reads it.

Blocking: the suite on batches that have not passed it yet, the balance of every batch and of the lake, the reject
ratio, deliveries that could not be read. Warnings: volume against the feed's own history, freshness.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from data_contracts.loader import load_contract
from ingestion.lake import Lake
from ingestion.quarantine import quarantine_sql
from quality.feed_history import freshness, volume
from quality.gx_duckdb import Relation
from quality.operations_tables import quality_operations, read_checks, transaction, write_checks
from quality.publications import current_publication
from quality.results import CheckResult, decide
from quality.suite_keys import suite_key
from quality.suites import run_suites
from quality.verdicts import content_key, write_verdict
from workspace.sql import connect, quote_literal

if TYPE_CHECKING:
    from data_contracts.loader import Contract
    from ingestion.manifest import BatchManifest
    from workspace.runs import Run
    from workspace.workspace import Workspace

_LOCATION = ("_batch_id", "_source_row")


def check_feed(ws: Workspace, run: Run, contract_name: str) -> list[CheckResult]:
    """Check the batches of a feed contract and record the results in ops.checks; run it after landing.

    A failure that blocks also records the verdict stop, so that no earlier pass of the same run lets anything out.
    """
    contract = load_contract("feeds", contract_name, ws)
    lake = Lake(ws)
    manifests = lake.manifests(contract_name)
    results = [
        *_balance_checks(ws, lake, contract, manifests),
        *_reject_ratio(ws, run, contract, manifests),
        *_file_failures(lake, contract),
        *volume(ws, run, contract, manifests),
        *freshness(ws, run, contract, lake),
    ]
    key = suite_key(contract)
    waiting = _waiting_batches(ws, contract, manifests, key)
    suite = _suite(ws, lake, contract, waiting)
    results += suite or [_nothing_new(contract)]
    broken = any(not one.passed for one in suite)
    _record(ws, run, contract, results, passed=[] if broken else waiting, key=key)
    return results


def has_unchecked_batches(ws: Workspace, contract_name: str) -> bool:
    """Tell whether the lake holds batches that have not passed today's suite."""
    contract = load_contract("feeds", contract_name, ws)
    return bool(_waiting_batches(ws, contract, Lake(ws).manifests(contract_name), suite_key(contract)))


def subject_of(contract: Contract) -> str:
    """Return what a feed contract is called in results."""
    return f"feeds/{contract.name}"


def _waiting_batches(ws: Workspace, contract: Contract, manifests: list[BatchManifest], key: str) -> list[str]:
    """Return the batches with rows in the lake that have not passed today's suite, in this run or an earlier one."""
    with quality_operations(ws) as con:
        rows = con.execute(
            "select batch_id from checked_batches where contract = ? and suite_key = ?", [contract.name, key]
        ).fetchall()
    passed = {batch_id for (batch_id,) in rows}
    return [one.batch_id for one in manifests if one.accepted + one.superseded and one.batch_id not in passed]


def _suite(ws: Workspace, lake: Lake, contract: Contract, batch_ids: list[str]) -> list[CheckResult]:
    files = [lake.batch_folder(contract.name, batch_id) / "part-0.parquet" for batch_id in batch_ids]
    files = [file for file in files if file.exists()]  # the balance tells of those that are gone
    if not files:
        return []
    listed = ", ".join(quote_literal(file) for file in files)
    query = f"select * from read_parquet([{listed}], hive_partitioning = false, union_by_name = true)"
    with connect(ws) as con:
        count = con.execute(f"select count(*) from ({query})").fetchall()[0][0]
    relation = Relation(contract, query, count, "feed", subject_of(contract), _LOCATION)
    return [result for _, found in run_suites(ws, [relation])() for result in found]


def _nothing_new(contract: Contract) -> CheckResult:
    return CheckResult(
        "feed",
        subject_of(contract),
        "contract",
        observed="no new rows; what is in the lake has passed",
        expected=f"{contract.name} {contract.version}",
        checked_count=0,
    )


def _balance_checks(ws: Workspace, lake: Lake, contract: Contract, manifests: list[BatchManifest]) -> list[CheckResult]:
    subject = subject_of(contract)
    blank = CheckResult("feed", subject, "batches_balance", checked_count=len(manifests))
    unbalanced = [one.batch_id for one in manifests if not one.is_balanced or _lake_rows(ws, lake, one) != _kept(one)]
    if unbalanced:
        blank = replace(
            blank,
            outcome="fail",
            failing_count=len(unbalanced),
            sample_keys=tuple(unbalanced[:5]),
            message=f"{subject}: {len(unbalanced)} of {len(manifests)} batches do not balance",
        )
    balance = lake.balance(contract.name)
    whole = CheckResult(
        "feed",
        subject,
        "lake_balances",
        observed=f"{balance.accepted:,} accepted + {balance.superseded:,} superseded + {balance.duplicate:,} duplicate "
        f"+ {balance.quarantined:,} quarantined; {balance.lake_rows:,} rows in the lake",
        expected=f"{balance.rows_in:,} rows in",
        checked_count=balance.rows_in,
    )
    if not balance.is_true:
        whole = replace(whole, outcome="fail", message=f"{subject}: {whole.expected} do not equal {whole.observed}")
    return [blank, whole]


def _kept(manifest: BatchManifest) -> int:
    return manifest.accepted + manifest.superseded


def _lake_rows(ws: Workspace, lake: Lake, manifest: BatchManifest) -> int:
    file = lake.batch_folder(manifest.contract, manifest.batch_id) / "part-0.parquet"
    if not file.exists():
        return 0
    import pyarrow.parquet as pq

    return int(pq.read_metadata(file).num_rows)


def _reject_ratio(ws: Workspace, run: Run, contract: Contract, manifests: list[BatchManifest]) -> list[CheckResult]:
    """Judge the rows of this run and of earlier runs that were never published; replayed rows no longer count.

    Rows of this run past the limit stop it. Rows that stopped an earlier run and still wait hold this one, so that
    running again does not let them out, and a person may accept what cannot be mended.
    """
    publication = current_publication(ws)
    published = publication.run_id if publication else ""
    landed = [one for one in manifests if one.kind != "replay" and (one.run_id > published or one.run_id == run.run_id)]
    waiting = _open_rows(ws, contract, landed)
    percent, rejected, rows_in = _percent(landed, waiting)
    result = CheckResult(
        "feed",
        subject_of(contract),
        "reject_ratio",
        observed=f"{percent:.2f} %",
        expected=f"at most {contract.max_reject_percent:g} %",
        failing_count=rejected,
        checked_count=rows_in,
    )
    # Judged over the run: in a late file of ten rows one bad row is no trend, and a feed may limit its files itself.
    if percent <= contract.max_reject_percent:
        return [result]
    fresh = [one for one in landed if one.run_id == run.run_id]
    is_new = _percent(fresh, waiting)[0] > contract.max_reject_percent
    worst = sorted((one for one in landed if waiting.get(one.batch_id)), key=lambda one: -waiting[one.batch_id])
    message = (
        f"{result.subject}: {rejected:,} of {rows_in:,} rows {'were' if is_new else 'of earlier deliveries still are'} "
        f"quarantined ({percent:.1f} %), more than the {contract.max_reject_percent:g} % that the contract allows"
    )
    return [
        replace(
            result,
            severity="blocking" if is_new else "budget",
            outcome="fail",
            message=message,
            sample_keys=tuple(one.batch_id for one in worst[:5]),
        )
    ]


def _percent(batches: list[BatchManifest], waiting: dict[str, int]) -> tuple[float, int, int]:
    rejected, rows_in = sum(waiting.get(one.batch_id, 0) for one in batches), sum(one.rows_in for one in batches)
    return (100 * rejected / rows_in if rows_in else 0.0), rejected, rows_in


def _open_rows(ws: Workspace, contract: Contract, batches: list[BatchManifest]) -> dict[str, int]:
    """Return how many rows of each batch wait in quarantine."""
    source = quarantine_sql(ws, contract.name) if any(one.quarantined for one in batches) else None
    if source is None:
        return {}
    with connect(ws) as con:
        rows = con.execute(
            f"select batch_id, count(*) from {source} where not is_resolved group by batch_id"
        ).fetchall()
    return {str(batch_id): int(count) for batch_id, count in rows}


def _file_failures(lake: Lake, contract: Contract) -> list[CheckResult]:
    failures = lake.failures(contract.name)
    result = CheckResult("feed", subject_of(contract), "files_readable", failing_count=len(failures))
    if not failures:
        return [result]
    return [
        replace(
            result,
            outcome="fail",
            failing_count=1,
            observed=one.code,
            message=f"{result.subject}: a delivery of feed {one.feed} could not be landed ({one.code}): {one.message}",
            sample_keys=(one.source_file,),
        )
        for one in failures
    ]


def _record(
    ws: Workspace, run: Run, contract: Contract, results: list[CheckResult], *, passed: list[str], key: str
) -> None:
    with quality_operations(ws) as con, transaction(con):
        con.execute(
            "delete from checks where run_id = ? and stage = 'feed' and subject = ?", [run.run_id, subject_of(contract)]
        )
        write_checks(con, run, results)
        if passed:
            con.execute("delete from checked_batches where contract = ? and suite_key <> ?", [contract.name, key])
            con.executemany(
                "insert into checked_batches values (?, ?, ?, ?)",
                [(contract.name, batch_id, key, run.run_id) for batch_id in passed],
            )
        status, _ = decide(results)
        if status == "stop":
            _, reasons = decide(read_checks(con, run.run_id, stage="feed"))
            write_verdict(con, run, status, reasons, content_key([], reasons))
