"""What a finished step did, in a few words for the person who waits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from activation.syncing import SyncRun
    from dbt_project.building import BuildResult
    from identity.resolving import IdentityResult
    from ingestion.landing import LandingResult
    from quality.publishing import Publication
    from quality.results import CheckResult, Verdict

_DONE = {"add": "added", "change": "changed", "remove": "removed"}


def landed(landings: Iterable[LandingResult], checks: Mapping[str, list[CheckResult]]) -> str:
    """Return rows and batches that landed, and how many were set aside."""
    done = list(landings)
    batches = sum(len(one.batches) for one in done)
    outdated = sum(len(one.outdated) for one in done)
    older = (
        f"{_count(outdated, 'batch', 'batches')} mapped differently today: unavista feeds reland" if outdated else ""
    )
    if not batches and not any(one.failures for one in done):
        return ", ".join(filter(None, ["nothing new", older]))
    words = [f"{_count(sum(one.total('rows_in') for one in done), 'row')} in {_count(batches, 'batch', 'batches')}"]
    quarantined = sum(one.total("quarantined") for one in done)
    if quarantined:
        words.append(f"{quarantined:,} quarantined")
    failed = sum(len(one.failures) for one in done)
    if failed:
        words.append(_count(failed, "unreadable file"))
    broken = sum(any(check.status in ("fail", "error") for check in found) for found in checks.values())
    if broken:
        words.append(
            f"{_count(broken, 'feed')} broke its contract" if broken == 1 else f"{broken} feeds broke contracts"
        )
    return ", ".join([*words, older] if older else words)


def resolved(result: IdentityResult) -> str:
    """Return how many records became how many customers."""
    return f"{_count(result.records, 'record')}, {_count(result.customers, 'customer')}"


def built(result: BuildResult) -> str:
    """Return how many models were built and tests passed."""
    models = sum(node.kind != "test" and node.status == "success" for node in result.nodes)
    tests = [node for node in result.nodes if node.kind == "test"]
    passed = sum(node.status == "pass" for node in tests)
    standing = sum(node.kind != "test" and node.is_standing for node in result.nodes)
    told = _count(models, "model") + (f" ({standing:,} unchanged)" if standing else "")
    words = [told, f"{passed:,} of {_count(len(tests), 'test')} pass"]
    if result.failures:
        words.append(f"{len(result.failures)} failed")
    return ", ".join(words)


def audited(verdict: Verdict) -> str:
    """Return the verdict."""
    if verdict.status == "pass":
        return "pass"
    reasons = _count(len(verdict.reasons), "reason")
    return f"{verdict.status}, {reasons}" + (f", signed by {verdict.signature.who}" if verdict.signature else "")


def published(publication: Publication) -> str:
    """Return what was published."""
    rows = publication.row_counts
    return f"{_count(len(rows), 'table')}, {_count(sum(rows.values()), 'row')}"


def activated(syncs: Iterable[SyncRun]) -> str:
    """Return how many syncs went well and what they sent."""
    ran = list(syncs)
    if not ran:
        return "no sync is configured"
    words = [_count(len(ran), "sync")]
    words += [f"{sum(one.succeeded.get(kind, 0) for one in ran):,} {done}" for kind, done in _DONE.items()]
    troubled = sum(not one.is_clean for one in ran)
    return ", ".join([*words, f"{troubled} not complete"] if troubled else words)


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
